@NullMarked
package smalti.exporter.opset;

import org.jspecify.annotations.NullMarked;
