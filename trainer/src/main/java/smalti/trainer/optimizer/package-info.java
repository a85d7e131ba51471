/** Our own optimiser steps over SameDiff's gradients; start at {@link smalti.trainer.optimizer.GradientDescent}. */
@NullMarked
package smalti.trainer.optimizer;

import org.jspecify.annotations.NullMarked;
