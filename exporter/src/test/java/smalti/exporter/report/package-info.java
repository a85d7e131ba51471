@org.jspecify.annotations.NullMarked
package smalti.exporter.report;
