/**
 * The vocabulary of ops that Smalti builds its graphs of. No other package creates ops, so that each op in use is held to
 * an independent reference by {@code GraphOpsTest}. They are SameDiff's, and in training graphs also {@code KernelOp}s:
 * ours, where libnd4j has none that is right and fast.
 *
 * <pre>
 *   Parameters (named arrays) ─┬─▶ GraphBuilder ─▶ TrainingGraph   Backpropagation adds the gradients, a StepPlan runs them
 *                              └─▶ GraphBuilder ─▶ InferenceGraph  placeholders and constants, saved for the exporter
 * </pre>
 */
@NullMarked
package smalti.trainer.graph;

import org.jspecify.annotations.NullMarked;
