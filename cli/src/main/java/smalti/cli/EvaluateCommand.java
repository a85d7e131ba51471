package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import smalti.runtime.Pixels;
import smalti.runtime.SmaltiModel;
import smalti.spec.AtomicFiles;
import smalti.spec.ImageSpec;
import smalti.spec.RecordTree;
import smalti.spec.SpecException;
import smalti.trainer.data.Dataset;
import smalti.trainer.data.LoadListener;
import smalti.trainer.data.Pictures;
import smalti.trainer.metric.CodebookUsage;
import smalti.trainer.metric.ImageMetrics;
import smalti.trainer.metric.SlicedWasserstein;

@Command(
        name = "evaluate",
        sortOptions = false,
        description = {
            "Measures a bundle on held-out pictures: those of DATA's test part, or those that training held out.",
            "A codec is measured by its reconstructions, a generator by the sliced Wasserstein distance between its "
                    + "pictures and the held-out ones, with that between training and held-out pictures as the floor."
        })
final class EvaluateCommand implements Callable<Integer> {
    private static final int BATCH = 64;
    private static final int MOST_GENERATED = 2000;
    private static final int PROJECTIONS = 256;

    private final Console console;

    @Mixin
    private final BundleArgument bundle = new BundleArgument();

    @Option(names = "--data", required = true, paramLabel = "PATH", description = "The pictures, as for train.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path data;

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the figures as JSON.")
    @Nullable
    Path json;

    @Mixin
    private final SkipOption skip = new SkipOption();

    EvaluateCommand(Console console) {
        this.console = console;
    }

    /**
     * @param mse in units of the pixel range [0, 1]
     * @param nmse mse divided by the variance of the training pixels
     * @param psnr of that mse, in dB
     * @param ssim Wang et al. 2004, mean over the pictures; null where a side is below its window of 11
     * @param perplexity of the codes over all pictures
     * @param usage share of the codes that occur
     */
    record CodecFigures(
            int pictures,
            double mse,
            double nmse,
            double psnr,
            @Nullable Double ssim,
            @Nullable Double perplexity,
            @Nullable Double usage,
            double imagesPerSecond) {}

    /**
     * @param slicedWasserstein between generated and held-out pictures, in units of the pixel range [0, 1]
     * @param floor the same between training and held-out pictures
     */
    record GeneratorFigures(int pictures, double slicedWasserstein, double floor, double imagesPerSecond) {}

    @Override
    public Integer call() throws IOException {
        if (json != null) {
            Outputs.requireFile(json);
        }
        try (var model = bundle.open()) {
            var manifest = model.manifest();
            var pixels = manifest.pixels();
            var pictures = Dataset.open(
                    data,
                    new ImageSpec(pixels.height(), pixels.width(), pixels.channels()),
                    skip.on(manifest.provenance().data()),
                    manifest.provenance().seed(),
                    new LoadListener() {
                        @Override
                        public void warning(String message) {
                            console.warning(message);
                        }
                    });
            if (model.hasCodec()) {
                report(codec(model, pictures.heldOut()));
            } else if (model.hasGenerator()) {
                report(generator(model, pictures));
            } else {
                throw new SpecException(bundle.path + ": holds neither a codec nor a generator to evaluate, got "
                        + manifest.graphs().keySet());
            }
        }
        return 0;
    }

    private void report(Record figures) throws IOException {
        RecordTree.tree(figures)
                .properties()
                .forEach(figure -> console.line("%-18s %s", figure.getKey(), shown(figure.getValue())));
        if (json != null) {
            AtomicFiles.writeString(json, RecordTree.json(figures));
        }
    }

    private static String shown(com.fasterxml.jackson.databind.JsonNode value) {
        return value.isInt() ? value.asText() : String.format(java.util.Locale.ROOT, "%.5g", value.doubleValue());
    }

    private static CodecFigures codec(SmaltiModel model, Pictures heldOut) {
        var codec = model.codec();
        var codebook = model.manifest().codebook();
        var counts = new long[codebook == null ? 0 : codebook.codes()];
        var rebuilt = new byte[heldOut.count() * heldOut.pictureBytes()];
        long nanos = 0;
        for (int first = 0; first < heldOut.count(); first += BATCH) {
            var batch = range(heldOut, first, Math.min(heldOut.count(), first + BATCH));
            long started = System.nanoTime();
            var codes = codec.encode(batch);
            var pixels = codec.decode(codes);
            nanos += System.nanoTime() - started;
            for (long code : codes.values()) {
                counts[(int) code]++;
            }
            pixels.data()
                    .get(rebuilt, first * heldOut.pictureBytes(), pixels.data().remaining());
        }
        var other = Pictures.of(heldOut.height(), heldOut.width(), heldOut.channels(), rebuilt);
        double mse = ImageMetrics.mse(heldOut, other);
        var usage = counts.length == 0 ? null : CodebookUsage.of(counts);
        return new CodecFigures(
                heldOut.count(),
                mse,
                ImageMetrics.nmse(mse, model.manifest().provenance().pixelVariance()),
                ImageMetrics.psnr(mse),
                Math.min(heldOut.height(), heldOut.width()) < ImageMetrics.SSIM_WINDOW
                        ? null
                        : Double.valueOf(ImageMetrics.ssim(heldOut, other)),
                usage == null ? null : Double.valueOf(usage.perplexity()),
                usage == null ? null : Double.valueOf(usage.usage()),
                heldOut.count() / (nanos / 1e9));
    }

    private static Pixels range(Pictures pictures, int first, int end) {
        var some = new ArrayList<smalti.pictures.Picture>();
        for (int i = first; i < end; i++) {
            some.add(pictures.picture(i));
        }
        return PictureBatches.pixels(List.copyOf(some));
    }

    private static GeneratorFigures generator(SmaltiModel model, Dataset pictures) {
        var generator = model.generator();
        int count = Math.min(
                MOST_GENERATED,
                Math.min(pictures.heldOut().count(), pictures.train().count()));
        long started = System.nanoTime();
        var made = generator.classes().isEmpty()
                ? generator.generate(count, 0)
                : generator.generate(
                        0, GenerateCommand.inTurn(count, generator.classes().size()));
        double seconds = (System.nanoTime() - started) / 1e9;
        var distance = new SlicedWasserstein(PROJECTIONS, 0);
        var real = spread(pictures.heldOut(), count);
        return new GeneratorFigures(
                count,
                distance.distance(Pictures.of(made.height(), made.width(), made.channels(), made.bytes()), real),
                distance.distance(spread(pictures.train(), count), real),
                count / seconds);
    }

    /** {@code count} of them, evenly spread, as they may be in the order of their classes. */
    private static Pictures spread(Pictures pictures, int count) {
        var indices = new int[count];
        for (int i = 0; i < count; i++) {
            indices[i] = (int) ((long) i * pictures.count() / count);
        }
        return pictures.subset(indices);
    }
}
