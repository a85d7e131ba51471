/**
 * A run folder → ONNX graphs, checked and proven → a bundle with its card and its report.
 *
 * <pre>
 *   run folder ─▶ RunFolder ─▶ a Service for each contract that is served: stitches its graphs (Stitcher), has them proven
 *                                          │
 *   bundle ◀── moved into place whole ◀── BundleExporter ─▶ Variants (FP16, INT8), ModelCard, ReportMaker
 * </pre>
 *
 * <p>It knows no model family: what a graph is for is its {@link smalti.spec.bundle.Role}, and what a bundle can be asked
 * for is a {@code Service} each, which the rest goes through. Start reading at
 * {@link smalti.exporter.bundle.BundleExporter}.
 */
@NullMarked
package smalti.exporter.bundle;

import org.jspecify.annotations.NullMarked;
