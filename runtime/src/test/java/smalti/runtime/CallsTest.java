package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A close waits for calls that are under way, and for nothing else. */
@Timeout(60)
final class CallsTest {
    private final Calls calls = new Calls("flowers");

    @Test
    void whatIsClosedAsItBeginsIsInTheFuture() {
        var closing = calls.withinAsync(() -> {
            throw new ModelClosedException("flowers");
        });
        assertThatThrownBy(closing::join).hasCauseInstanceOf(ModelClosedException.class);
        assertThatThrownBy(() -> calls.withinAsync(() -> {
                    throw new InputException("no picture");
                }))
                .hasMessage("no picture");
        calls.close(Duration.ofHours(1));
        var late = calls.withinAsync(() -> CompletableFuture.completedFuture(""));
        assertThatThrownBy(late::join).hasCauseInstanceOf(ModelClosedException.class);
        assertThatThrownBy(() -> calls.within(() -> "")).isInstanceOf(ModelClosedException.class);
    }

    @Test
    void whoIsWithinACallIsTold() {
        calls.requireOutside();
        assertThatThrownBy(() -> calls.within(() -> {
                    calls.requireOutside();
                    return "";
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("flowers: a close within a call would wait for that call");
        calls.withinAsync(() -> CompletableFuture.completedFuture(""))
                .thenRun(calls::requireOutside)
                .join();
    }
}
