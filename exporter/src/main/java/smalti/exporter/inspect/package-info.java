/**
 * A model as a page to read: what it is, what it costs, its graph drawn, and what could be taken out of it.
 *
 * <pre>
 *   Model ─┬▶ cost.ModelCost ─┬▶ InspectionPage ──▶ one HTML file
 *          └▶ Redundancy ─────┤     └ GraphDrawing ─ LayeredLayout: one SVG for each graph
 *                             └▶ Inspection ──▶ JSON
 * </pre>
 *
 * <p>Start reading at {@link smalti.exporter.inspect.Inspection}.
 */
@NullMarked
package smalti.exporter.inspect;

import org.jspecify.annotations.NullMarked;
