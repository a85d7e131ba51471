/**
 * Every bundle in every consumer at hand, with the outputs compared; {@code mvn -Pconformance verify} runs it.
 *
 * <pre>
 *   SmallBundles ─▶ Job (a graph, its inputs) ─▶ Consumer ─▶ Outcome ─▶ Judge (against ONNX Runtime Java) ─▶ docs/consumers.md
 *   WebFolder ─▶ FileServer ─▶ Chromium ─▶ WebPageTest
 * </pre>
 *
 * <p>Start reading at {@link smalti.bench.conformance.ConsumersTest}.
 */
@NullMarked
package smalti.bench.conformance;

import org.jspecify.annotations.NullMarked;
