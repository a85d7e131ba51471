/**
 * A finished bundle → a folder that another consumer takes as it is.
 *
 * <pre>
 *   bundle, a folder or a zip ──▶ Bundle ──┬─▶ TritonRepository ──▶ NAME_tokenize/config.pbtxt, …
 *                                          └─▶ WebFolder ─────────▶ index.html, bundle/, samples/
 * </pre>
 *
 * <p>Start reading at {@link smalti.exporter.deployment.TritonRepository}.
 */
@NullMarked
package smalti.exporter.deployment;

import org.jspecify.annotations.NullMarked;
