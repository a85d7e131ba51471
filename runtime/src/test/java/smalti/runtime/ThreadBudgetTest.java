package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import smalti.runtime.ThreadBudget.Claim;
import smalti.spec.SpecException;

/** Who gets threads, and who goes on with them. */
final class ThreadBudgetTest {
    private final List<String> granted = new ArrayList<>();

    private Claim claim(String name, int threads) {
        return new Claim(threads, () -> granted.add(name));
    }

    @Test
    void oneThatIsAloneGoesOn() {
        var budget = ThreadBudget.of(1);
        var claim = claim("a", 1);
        assertThat(budget.takeOrWait(claim)).isTrue();
        assertThat(budget.takeOrWait(claim)).isFalse();
        assertThat(budget.keep(claim, 1, 100)).isTrue();
        assertThat(granted).isEmpty();
        budget.give(claim, 1, 100);
        assertThat(granted).containsExactly("a");
    }

    /** A model that ran for a day while nobody else asked owes nothing to one that comes. */
    @Test
    void oneThatWasAloneForLongHasNoDebts() {
        var budget = ThreadBudget.of(1);
        var old = claim("old", 1);
        for (int i = 0; i < 24; i++) {
            assertThat(budget.tryTake(old, 1)).isTrue();
            budget.give(old, 1, 3_600_000_000_000L);
        }
        var flood = claim("flood", 1);
        assertThat(budget.takeOrWait(flood)).isTrue();
        assertThat(budget.takeOrWait(old)).isFalse();
        // an hour that the old one had last is all that may be between them
        assertThat(budget.keep(flood, 1, 3_600_000_000_001L)).isFalse();
        assertThat(granted).containsExactly("old");
    }

    @Test
    void oneThatHadMoreMakesWay() {
        var budget = ThreadBudget.of(1);
        var busy = claim("busy", 1);
        var other = claim("other", 1);
        assertThat(budget.takeOrWait(busy)).isTrue();
        assertThat(budget.takeOrWait(other)).isFalse();
        assertThat(budget.keep(busy, 1, 100)).isFalse();
        assertThat(granted).containsExactly("other");
        // now the other has had more
        assertThat(budget.keep(other, 1, 101)).isFalse();
        assertThat(granted).containsExactly("other", "busy");
        budget.leave(other);
        assertThat(budget.keep(busy, 1, 500)).isTrue();
    }

    /** As warming does: one claim after another on one account. */
    @Test
    void claimsBesideEachOtherShareWhatTheyHad() {
        var budget = ThreadBudget.of(1);
        var busy = claim("busy", 1);
        var graph = claim("graph", 1);
        var first = graph.beside(() -> granted.add("first"));
        assertThat(budget.takeOrWait(first)).isTrue();
        assertThat(budget.takeOrWait(busy)).isFalse();
        budget.give(first, 1, 200);
        assertThat(granted).containsExactly("busy");
        var second = graph.beside(() -> granted.add("second"));
        assertThat(budget.takeOrWait(second)).isFalse();
        for (int i = 0; i < 4; i++) {
            assertThat(budget.keep(busy, 1, 50)).as("after %s", 50 * (i + 1)).isTrue();
        }
        assertThat(budget.keep(busy, 1, 1)).isFalse();
        assertThat(granted).containsExactly("busy", "second");
        assertThat(budget.leave(second)).as("it does not wait").isFalse();
    }

    /** Two runs of one thread each would never leave two free at once if both went on. */
    @Test
    void oneThatWantsMoreThreadsIsNotStarved() {
        var budget = ThreadBudget.of(2);
        var narrow = claim("narrow", 1);
        var wide = claim("wide", 2);
        assertThat(budget.takeOrWait(narrow)).isTrue();
        assertThat(budget.takeOrWait(narrow)).isTrue();
        assertThat(budget.takeOrWait(wide)).isFalse();
        assertThat(budget.keep(narrow, 1, 100)).isFalse();
        assertThat(granted).isEmpty();
        assertThat(budget.keep(narrow, 1, 100)).isFalse();
        assertThat(granted).containsExactly("wide");
    }

    @Test
    void threadsBeyondTheClaimAreFreeAgain() {
        var budget = ThreadBudget.of(2);
        var claim = claim("a", 1);
        assertThat(budget.tryTake(2)).isTrue();
        assertThat(budget.keep(claim, 2, 100)).isTrue();
        assertThat(budget.tryTake(1)).isTrue();
        assertThat(budget.tryTake(1)).isFalse();
    }

    @Test
    void aBudgetHasThreads() {
        assertThatThrownBy(() -> ThreadBudget.of(0))
                .isInstanceOf(SpecException.class)
                .hasMessage("threads must be from 1 to 1024, got 0");
    }
}
