@org.jspecify.annotations.NullMarked
package smalti.cli;
