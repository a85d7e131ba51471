/**
 * What a user writes: a model's family and its parts, how it is trained, and on which pictures.
 *
 * <pre>
 *   ModelSpec ─┬─ ImageSpec
 *              ├─ Family ── Quantizer, …      (open: each kind a record that a SpecKinds registers)
 *              ├─ TrainingSpec ── Schedule, …
 *              └─ DataSpec
 * </pre>
 *
 * <p>Start reading at {@link smalti.spec.model.ModelSpec}; to add a kind, at {@link smalti.spec.model.SpecKinds}.
 */
@NullMarked
package smalti.spec.model;

import org.jspecify.annotations.NullMarked;
