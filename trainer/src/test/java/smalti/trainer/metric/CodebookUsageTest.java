package smalti.trainer.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import smalti.spec.SpecException;

class CodebookUsageTest {
    /** 1e-10 inside the logarithm lowers the perplexity of K codes by K·1e-10 of itself. */
    private static final double EPSILON = 1e-8;

    @Test
    void evenUseGivesTheSizeAndSingleUseGivesOne() {
        assertThat(CodebookUsage.of(new long[] {5, 5, 5, 5}).perplexity()).isCloseTo(4, within(EPSILON));
        assertThat(CodebookUsage.of(new long[] {0, 9, 0}).perplexity()).isCloseTo(1, within(EPSILON));
    }

    @Test
    void unevenUseLiesBetween() {
        // shares 1/2, 1/4, 1/4: entropy 1.5 bits
        var usage = CodebookUsage.of(new long[] {2, 1, 0, 1});
        assertThat(usage.perplexity()).isCloseTo(Math.pow(2, 1.5), within(EPSILON));
        assertThat(usage.seen()).isEqualTo(3);
        assertThat(usage.usage()).isEqualTo(0.75);
    }

    @Test
    void noUseAtAllIsAnError() {
        assertThatThrownBy(() -> CodebookUsage.of(new long[3])).isInstanceOf(SpecException.class);
        assertThatThrownBy(() -> CodebookUsage.of(new long[] {2, -1})).isInstanceOf(SpecException.class);
    }
}
