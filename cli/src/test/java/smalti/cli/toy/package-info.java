/** A family of a user's own jar, in files of its own alone: what it takes to add one. */
@NullMarked
package smalti.cli.toy;

import org.jspecify.annotations.NullMarked;
