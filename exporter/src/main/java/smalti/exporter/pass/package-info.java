/**
 * Makes graphs smaller and faster without changing what they compute.
 *
 * <pre>
 *   Model ──▶ Passes: Pass, Pass, … until nothing changes ──▶ Model
 *                      └ GraphPass ── rewrites each graph, inner ones first, by a GraphEdit
 * </pre>
 *
 * <p>Inputs and outputs of a graph keep their names, types and order, and a value keeps its meaning as long as it keeps
 * its name. A constant that is also an input may be overridden by a caller: no pass relies on it.
 *
 * <p>Start reading at {@link smalti.exporter.pass.Passes}.
 */
@NullMarked
package smalti.exporter.pass;

import org.jspecify.annotations.NullMarked;
