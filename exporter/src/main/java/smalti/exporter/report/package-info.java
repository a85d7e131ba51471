/**
 * What an export tells about itself: {@link smalti.exporter.report.ExportReport} as JSON for programs, and as a page.
 */
@NullMarked
package smalti.exporter.report;

import org.jspecify.annotations.NullMarked;
