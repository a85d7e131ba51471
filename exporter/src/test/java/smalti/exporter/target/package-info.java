@NullMarked
package smalti.exporter.target;

import org.jspecify.annotations.NullMarked;
