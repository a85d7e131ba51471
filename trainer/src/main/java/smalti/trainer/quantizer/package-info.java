/**
 * How a codebook follows the latents. {@link smalti.trainer.quantizer.Codebook} is the place to start: its two forms
 * stand for the two ways of van den Oord et al. 2017.
 */
@NullMarked
package smalti.trainer.quantizer;

import org.jspecify.annotations.NullMarked;
