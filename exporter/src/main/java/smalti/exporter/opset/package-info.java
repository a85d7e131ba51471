/**
 * Brings a model to another opset.
 *
 * <pre>
 *   Model ──▶ OpsetConversion: node by node ──▶ Model
 *               ├ the same form in both opsets: kept
 *               ├ missing there: written by its definition, by an OpsetRule through a NodeConversion
 *               └ of another form: rewritten, and its attributes, inputs and types must have a place there
 * </pre>
 *
 * <p>A node that has no form in the other opset is named with the reason, all of them at once.
 *
 * <p>Start reading at {@link smalti.exporter.opset.OpsetConversion}.
 */
@NullMarked
package smalti.exporter.opset;

import org.jspecify.annotations.NullMarked;
