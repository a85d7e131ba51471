package smalti.trainer.graph;

/**
 * A kernel of a {@link StepPlan}.
 *
 * @param op SameDiff's name of it, such as {@code conv2d_bp}
 * @param node the op's own name in the graph
 */
record PlannedStep(String op, String node, Runnable kernel) {}
