package smalti.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

class DecodeBenchmarkTest {
    @Test
    void everyMethodRuns(@TempDir Path folder) throws Exception {
        var bundle = UntrainedBundle.write(folder);
        var once = new OptionsBuilder()
                .include(DecodeBenchmark.class.getName())
                .param("bundle", bundle.toString())
                .param("batch", "2")
                .mode(Mode.SingleShotTime)
                .forks(0)
                .warmupIterations(0)
                .measurementIterations(1)
                .measurementTime(TimeValue.NONE)
                .shouldFailOnError(true)
                .build();

        var results = new Runner(once).run();

        assertThat(results)
                .extracting(result -> result.getPrimaryResult().getLabel())
                .containsExactlyInAnyOrder("decode", "decodeInto", "onnxRuntime");
    }
}
