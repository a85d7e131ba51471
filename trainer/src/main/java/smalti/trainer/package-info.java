/**
 * Pictures → SameDiff graphs → a run folder.
 *
 * <pre>
 *   model.yaml ─SpecFiles─▶ ModelSpec ─┐
 *   pictures ──data.Dataset───────────┴▶ Trainer ──▶ run folder: spec.json, metrics.jsonl, checkpoint.npz,
 *                                                     export.json with the graphs, report.html
 * </pre>
 *
 * <p>Start at {@link smalti.trainer.Trainer}; layers and losses are in {@link smalti.trainer.family}.
 */
@NullMarked
package smalti.trainer;

import org.jspecify.annotations.NullMarked;
