package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Whoever gives two steps up gives up the one that is under way. */
final class RequestChainTest {
    private final CompletableFuture<String> first = new CompletableFuture<>();
    private final CompletableFuture<String> second = new CompletableFuture<>();

    @Test
    void theFirstIsGivenUp() {
        RequestChain.of(first, answer -> second).cancel(true);
        assertThat(first).isCancelled();
    }

    @Test
    void theSecondIsGivenUp() {
        var both = RequestChain.of(first, answer -> second);
        first.complete("one");
        both.completeExceptionally(new IllegalStateException("as the test wants it"));
        assertThat(second).isCancelled();
    }

    @Test
    void theSecondIsGivenUpWhereItBeginsAtThatMoment() {
        var both = new AtomicReference<CompletableFuture<String>>();
        both.set(RequestChain.of(first, answer -> {
            Objects.requireNonNull(both.get()).cancel(true);
            return second;
        }));
        first.complete("one");
        assertThat(second).isCancelled();
    }

    @Test
    void bothAreAnswered() {
        var both = RequestChain.of(first, answer -> second.thenApply(other -> answer + other));
        first.complete("one");
        second.complete("two");
        assertThat(both.join()).isEqualTo("onetwo");
    }
}
