@NullMarked
package smalti.exporter.precision;

import org.jspecify.annotations.NullMarked;
