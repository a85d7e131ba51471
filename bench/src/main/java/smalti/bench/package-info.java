@org.jspecify.annotations.NullMarked
package smalti.bench;
