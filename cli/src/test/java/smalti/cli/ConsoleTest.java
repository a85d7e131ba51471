package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ConsoleTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console = new Console(
            new PrintStream(err, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            true);

    @Test
    void theTimeLeftIsToldAfterAFewSteps() throws InterruptedException {
        var progress = console.new Progress("training");
        for (int step = 41; step <= 50; step++) {
            Thread.sleep(110); // the bar is drawn at most ten times a second
            progress.at(step, 1000, "");
            assertThat(err.toString(StandardCharsets.UTF_8)).contains(step + "/1000");
            if (step <= 45) {
                assertThat(err.toString(StandardCharsets.UTF_8)).doesNotContain("left");
            }
        }
        // 950 steps at 0.11 s and more
        assertThat(err.toString(StandardCharsets.UTF_8)).containsPattern(" (1:4[5-9]|1:5\\d|[2-9]:\\d\\d) left");
    }

    @Test
    void oneIsNoPlural() {
        assertThat(Console.pictures(1)).isEqualTo("1 picture");
        assertThat(Console.pictures(0)).isEqualTo("0 pictures");
        assertThat(Console.pictures(2)).isEqualTo("2 pictures");
    }
}
