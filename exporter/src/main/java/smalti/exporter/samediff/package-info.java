/**
 * The only package that knows nd4j.
 *
 * <pre>
 *   graph.fb ──▶ SameDiffRunner ──source()──▶ SourceGraph (plain records, for the lowerings)
 *                       └──────────run()────▶ arrays (for the proof)
 * </pre>
 *
 * <p>Start reading at {@link smalti.exporter.samediff.SourceGraph}.
 */
@NullMarked
package smalti.exporter.samediff;

import org.jspecify.annotations.NullMarked;
