/** What is minimised: weighted {@linkplain smalti.trainer.loss.Term terms}. */
@NullMarked
package smalti.trainer.loss;

import org.jspecify.annotations.NullMarked;
