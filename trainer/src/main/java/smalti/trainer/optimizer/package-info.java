/** Our own optimiser steps over SameDiff's gradients; start at {@link smalti.trainer.optimizer.AdamOptimizer}. */
@NullMarked
package smalti.trainer.optimizer;

import org.jspecify.annotations.NullMarked;
