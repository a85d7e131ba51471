/**
 * How good a model is, in numbers; no engine, and no network but the model's own.
 *
 * <pre>
 *   pictures and their reconstructions ──▶ ImageMetrics       (MSE, NMSE, PSNR, SSIM)
 *   how often each code was used       ──▶ CodebookUsage      (perplexity, usage)
 *   pictures and generated pictures    ──▶ SlicedWasserstein
 * </pre>
 *
 * <p>Start reading at {@link smalti.trainer.metric.ImageMetrics}.
 */
@NullMarked
package smalti.trainer.metric;

import org.jspecify.annotations.NullMarked;
