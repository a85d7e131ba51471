package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the guides say. */
final class GuideTest {
    @TempDir
    private Path folder;

    static List<BufferedImage> guide(Path bundle, BufferedImage picture) {
        // guide:begin
        try (SmaltiModel model = SmaltiModel.open(bundle, RuntimeOptions.defaults())) {
            model.warm(); // optional: the first requests find everything ready

            Codec codec = model.codec();
            Codes codes = codec.encode(picture); // [1,h,w], each in [0, K)
            BufferedImage again = codec.decode(codes).image(0);

            Codec patient = codec.with(
                    RequestOptions.defaults().withTimeout(Duration.ofSeconds(2)).withCaller("tenant-7"));
            CompletableFuture<Pixels> later = patient.decodeAsync(codes);
            return List.of(again, later.join().image(0));
        }
        // guide:end
    }

    static List<BufferedImage> live(Path bundle, Path next, Codes codes) {
        // live:begin
        try (LiveModel live = LiveModel.open(bundle, RuntimeOptions.defaults())) {
            Pixels pixels = live.call(model -> model.codec().decode(codes));
            CompletableFuture<Pixels> later =
                    live.callAsync(model -> model.codec().decodeAsync(codes));
            live.reload(next); // here or on a thread of its own; it returns when the former model is closed
            return List.of(pixels.image(0), later.join().image(0));
        }
        // live:end
    }

    static List<Pixels> vae(SmaltiModel model, Pixels pixels) {
        // vae:begin
        Posterior posterior = model.posterior();
        Distributions distributions = posterior.encode(pixels); // means and log-variances [N,D]
        float[] latents = posterior.sample(distributions, 7); // [N,D], the same for a seed everywhere
        Pixels others = posterior.decode(latents);
        Pixels steps = posterior.interpolate(
                distributions.range(0, 1).means(), distributions.range(1, 1).means(), 9);
        // vae:end
        return List.of(others, steps);
    }

    static int status(Throwable thrown) {
        // failures:begin
        return switch (Failure.of(thrown)) {
            case INPUT -> 400;
            case REFUSED -> 429; // with Retry-After: ((QueueFullException) Failure.cause(thrown)).estimate()
            case EXPIRED -> 504;
            case CANCELLED, CLOSED -> 503;
            case RUN, MODEL, OTHER -> 500;
        };
        // failures:end
    }

    @Test
    void theCodeOfFailuresWorks() {
        assertThat(status(new CompletionException(new InputException("codes must be"))))
                .isEqualTo(400);
    }

    @Test
    void theCodeOfAVaeWorks() {
        var pixels = new Pixels(2, 2, 2, 1, java.nio.ByteBuffer.wrap(new byte[] {0, 50, 100, -1, 9, 8, 7, 6}));
        try (var model = SmaltiModel.open(TinyVae.write(folder.resolve("vae.smalti"), false))) {
            assertThat(vae(model, pixels)).extracting(Pixels::count).containsExactly(2, 9);
        }
    }

    @Test
    void theCodeOfALiveModelWorks() {
        try (var model = SmaltiModel.open(Bundles.CODEC)) {
            var codes = model.codec().encode(new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB));
            var pictures = live(Bundles.CODEC, Bundles.CODEC, codes);
            assertThat(Pixels.of(pictures.get(1), 3)).isEqualTo(model.codec().decode(codes));
        }
    }

    @Test
    void theCodeWorks() {
        var pictures = guide(Bundles.CODEC, new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB));
        assertThat(Pixels.of(pictures.get(1), 3)).isEqualTo(Pixels.of(pictures.get(0), 3));
    }

    @ParameterizedTest
    @ValueSource(strings = {"guide", "vae", "live", "failures"})
    void theGuideShowsThisCode(String part) throws Exception {
        var source = Files.readString(Path.of("src/test/java/smalti/runtime/GuideTest.java"));
        var begin = "// " + part + ":begin\n";
        var shown = source.substring(
                        source.indexOf(begin) + begin.length(), source.indexOf("        // " + part + ":end"))
                .stripTrailing()
                .stripIndent()
                .strip();
        assertThat(Files.readString(Path.of("../docs/guide/runtime.md"))).contains(shown);
    }

    @Test
    void theGuideListsEveryMeter() throws Exception {
        var meters = new SimpleMeterRegistry();
        try (var model =
                SmaltiModel.open(Bundles.GENERATOR, RuntimeOptions.defaults().withMeters(meters))) {
            model.generator().generate(1, 1);
            var found = meters.getMeters().stream()
                    .map(Meter::getId)
                    .map(Meter.Id::getName)
                    // how this registry shows buckets
                    .filter(name -> !name.endsWith(".histogram"))
                    .collect(Collectors.toSet());
            var listed = Files.readAllLines(Path.of("../docs/guide/metrics.md")).stream()
                    .filter(line -> line.startsWith("| `smalti."))
                    .map(line -> line.split("`", -1)[1])
                    .collect(Collectors.toSet());
            assertThat(listed).isEqualTo(found);
        }
    }
}
