/** Pages for people: curves and pictures in one HTML file that needs no other; start at {@link smalti.trainer.report.HtmlPage}. */
@NullMarked
package smalti.trainer.report;

import org.jspecify.annotations.NullMarked;
