/**
 * What networks are made of. A {@link smalti.trainer.layer.Layer} turns one variable of a graph into another; its
 * parameters have its name, within the {@linkplain smalti.trainer.graph.GraphBuilder#within scope} in which it is used.
 * The same layers make a training graph and an inference graph: the builder knows which.
 */
@NullMarked
package smalti.trainer.layer;

import org.jspecify.annotations.NullMarked;
