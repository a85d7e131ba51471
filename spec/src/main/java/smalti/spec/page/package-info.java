/** What people look at: pages of HTML, and pictures in a grid; start at {@link smalti.spec.page.Html}. */
@NullMarked
package smalti.spec.page;

import org.jspecify.annotations.NullMarked;
