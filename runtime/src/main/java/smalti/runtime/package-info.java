@org.jspecify.annotations.NullMarked
package smalti.runtime;
