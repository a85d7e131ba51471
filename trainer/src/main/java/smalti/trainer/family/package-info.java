/**
 * One class a model family: its layers, its loss, its training step and its inference graphs.
 *
 * <pre>
 *   ModelSpec ──▶ Families ──▶ FamilyTraining ──step──▶ parameters ──inference──▶ graphs by role
 * </pre>
 *
 * <p>Start at {@link smalti.trainer.family.FamilyTraining}.
 */
@NullMarked
package smalti.trainer.family;

import org.jspecify.annotations.NullMarked;
