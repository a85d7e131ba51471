@NullMarked
package smalti.spec.page;

import org.jspecify.annotations.NullMarked;
