/**
 * The {@code smalti} command: one class a subcommand, over trainer, exporter and runtime, which never see one another.
 *
 * <pre>
 *   Main ─▶ train ─▶ run folder ─▶ export ─▶ bundle ─▶ inspect, generate, encode, decode, reconstruct, evaluate
 *     └──▶ demo: all of it on pictures of its own
 * </pre>
 *
 * <p>Start at {@link smalti.cli.Main}.
 */
@NullMarked
package smalti.cli;

import org.jspecify.annotations.NullMarked;
