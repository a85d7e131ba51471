/**
 * Smalti's files and the records in them; no engine. Here is what all of them use: rules, errors, numbers.
 *
 * <pre>
 *   model.yaml ──▶ ModelSpec ──trainer──▶ run folder (ExportManifest) ──exporter──▶ bundle (BundleManifest) ──▶ runtime
 *
 *   smalti.spec ◀── model ◀── bundle ◀── file ◀── onnx
 * </pre>
 *
 * <p>Each package knows those to its left alone. Start reading at {@code smalti.spec.model.ModelSpec} for what is trained
 * and at {@code smalti.spec.bundle.BundleManifest} for what is shipped; {@code smalti.spec.file.RecordTree} turns each of
 * these records into JSON and back.
 */
@NullMarked
package smalti.spec;

import org.jspecify.annotations.NullMarked;
