@NullMarked
package smalti.exporter.deployment;

import org.jspecify.annotations.NullMarked;
