/** How the records of a spec become what trains: {@link smalti.trainer.part.Parts}. */
@NullMarked
package smalti.trainer.part;

import org.jspecify.annotations.NullMarked;
