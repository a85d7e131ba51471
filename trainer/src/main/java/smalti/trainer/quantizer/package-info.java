/**
 * How latents become codes. {@link smalti.trainer.quantizer.Quantization} is the place to start; the two forms of a
 * codebook stand for the two ways of van den Oord et al. 2017.
 */
@NullMarked
package smalti.trainer.quantizer;

import org.jspecify.annotations.NullMarked;
