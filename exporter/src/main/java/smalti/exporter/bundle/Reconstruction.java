package smalti.exporter.bundle;

import java.util.Map;

/**
 * How held-out pictures come back.
 *
 * @param psnr in dB against the originals, by the precisions of the graphs, such as {@code int8} or
 *     {@code fp32 tokenize, int8 detokenize}
 * @param kept that of the graphs which the bundle holds
 * @param pictures how many that is of
 */
record Reconstruction(Map<String, Double> psnr, Map<String, Double> kept, int pictures) {}
