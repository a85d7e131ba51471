/**
 * What a run folder and a bundle hold: their manifests, and what these say of each graph and of the model.
 *
 * <pre>
 *   ExportManifest (run folder) ─┬─ Role ─▶ Signature ── TensorSpec ── Dimension, ElementType
 *   BundleManifest (bundle)     ─┼─ Contracts ── Contract
 *                                └─ Provenance
 * </pre>
 *
 * <p>Start reading at {@link smalti.spec.bundle.BundleManifest}.
 */
@NullMarked
package smalti.spec.bundle;

import org.jspecify.annotations.NullMarked;
