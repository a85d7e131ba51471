/**
 * The records that a user writes and a bundle holds; no engine.
 *
 * <pre>
 *   model.yaml ──▶ ModelSpec ──trainer──▶ run folder (ExportManifest) ──exporter──▶ bundle (BundleManifest) ──▶ runtime
 * </pre>
 *
 * <p>Start reading at {@link smalti.spec.ModelSpec} for what is trained and at {@link smalti.spec.BundleManifest} for
 * what is shipped. {@link smalti.spec.RecordTree} turns each of these records into JSON and back.
 */
@NullMarked
package smalti.spec;

import org.jspecify.annotations.NullMarked;
