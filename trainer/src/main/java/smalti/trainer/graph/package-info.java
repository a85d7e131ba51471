/**
 * The vocabulary of SameDiff ops that Smalti builds its graphs of. No other package creates ops, so that each op in use
 * is held to an independent reference by {@code GraphOpsTest}.
 *
 * <pre>
 *   Parameters (named arrays) ─┬─▶ GraphBuilder ─▶ TrainingGraph   loss and gradients
 *                              └─▶ GraphBuilder ─▶ InferenceGraph  placeholders and constants, saved for the exporter
 * </pre>
 */
@NullMarked
package smalti.trainer.graph;

import org.jspecify.annotations.NullMarked;
