@org.jspecify.annotations.NullMarked
package smalti.trainer.metric;
