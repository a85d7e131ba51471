package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import java.util.List;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/** A graph's file is held no longer than sessions are still to be made of it. */
@Timeout(60)
final class GraphSessionsTest {
    private static final Signature TOKENIZE = new Signature(
            List.of(TensorSpec.of("pixels", ElementType.UINT8, "N 2*h 2*w 3")),
            List.of(TensorSpec.of("codes", ElementType.INT64, "N h w")));

    /** The bytes of a file, which this alone holds in the end. */
    private byte[] file = Bundles.read(Bundles.CODEC, "tokenize.onnx");

    @Test
    void oneSessionNeedsTheFileOnce() {
        try (var sessions = new GraphSessions("tokenize", load(file), 1, 1)) {
            assertIsFreed();
            assertThat(sessions.session(false)).isSameAs(sessions.session(true));
        }
    }

    @Test
    void twoSessionsNeedItUntilBothAreThere() {
        try (var sessions = new GraphSessions("tokenize", load(file), 2, 1)) {
            var held = new WeakReference<>(file);
            System.gc();
            assertThat(held.get()).as("a second session is to be made of it").isNotNull();
            sessions.loadAll();
            assertThat(sessions.session(false)).isNotSameAs(sessions.session(true));
            assertIsFreed();
        }
    }

    @Test
    void nothingIsHeldWhereTheSecondCannotBeMade() {
        var bytes = file;
        try (var sessions = new GraphSessions(
                "tokenize",
                threads -> {
                    if (threads == 1) {
                        throw new LoadException("no memory for " + bytes.length + " bytes");
                    }
                    return load(bytes).apply(threads);
                },
                2,
                1)) {
            sessions.loadAll();
            assertThat(sessions.session(false)).isSameAs(sessions.session(true));
        }
    }

    private static IntFunction<GraphSession> load(byte[] onnx) {
        return threads -> GraphSession.load("tokenize.onnx", TOKENIZE, onnx, SessionPlan.of(Device.cpu(), threads));
    }

    private void assertIsFreed() {
        var held = new WeakReference<>(file);
        file = new byte[0];
        while (held.get() != null) {
            System.gc();
        }
    }
}
