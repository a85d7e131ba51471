package smalti.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import smalti.exporter.ExportOptions;
import smalti.exporter.bundle.BundleExporter;
import smalti.exporter.report.ExportReport;
import smalti.exporter.report.ReportPage;
import smalti.pictures.Picture;
import smalti.pictures.PictureFiles;
import smalti.runtime.Codec;
import smalti.runtime.Generator;
import smalti.runtime.Pixels;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Precision;
import smalti.spec.file.Aside;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.RecordTree;
import smalti.spec.model.ModelSpec;
import smalti.trainer.Presets;
import smalti.trainer.Trainer;
import smalti.trainer.data.Dataset;
import smalti.trainer.data.LoadListener;
import smalti.trainer.data.Pictures;
import smalti.trainer.data.ProceduralPictures;
import smalti.trainer.metric.ImageMetrics;
import smalti.trainer.report.HtmlPage;

@Command(
        name = "demo",
        sortOptions = false,
        description = "Draws pictures of its own, trains a VQ-VAE and a DCGAN on them, exports both to ONNX, and shows "
                + "what they make. Stopped in between, it goes on where it was; with --overwrite it begins anew, and what "
                + "was there comes back if it is stopped.")
final class DemoCommand implements Callable<Integer> {
    private static final String FOLDER = "pictures";
    private static final int PICTURES = 6000;
    private static final int SIZE = 32;
    private static final int SHOWN = 40;
    private static final int ZOOM = 3;
    private static final int STEPS_BETWEEN = 9;
    private static final int ROWS_BETWEEN = 5;
    private static final int COLUMNS = 10;

    private final Console console;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "smalti-demo",
            description = "Where all goes; default ${DEFAULT-VALUE}.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Of pictures and training; default ${DEFAULT-VALUE}.")
    long seed;

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    DemoCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        long started = System.nanoTime();
        requireOwn();
        var former = overwrite.overwrites && !Outputs.isEmpty(out) ? Aside.of(out) : null;
        if (former == null) {
            console.resumable();
            make(started);
            return 0;
        }
        try {
            make(started);
            former.forget();
        } finally {
            if (former.restore()) {
                console.note(out + ": is as it was");
            }
        }
        return 0;
    }

    private void make(long started) throws IOException {
        for (var preset : List.of("vqvae-demo", "dcgan-demo")) {
            requireSameSeed(preset);
        }
        var data = pictures();
        train("vqvae-demo", data);
        train("dcgan-demo", data);
        var codecManifest = export("vqvae-demo");
        var generatorManifest = export("dcgan-demo");
        console.note("opening both bundles with the runtime alone");
        var page = new HtmlPage("Smalti demo");
        page.paragraph("Pictures that the demo drew, models that it trained on them in SameDiff, and what ONNX Runtime "
                + "makes of the exported graphs.");
        var data0 = byClass(data.train());
        show(page, "Pictures", "pictures.png", pixels(data0), COLUMNS, "Ten classes, a column each, drawn by rule");
        var quality = reconstructions(page, data.heldOut());
        generated(page);
        page.heading("Training");
        for (var preset : List.of("vqvae-demo", "dcgan-demo")) {
            page.link(preset + ": spec and course", "runs/" + preset + "/report.html");
        }
        page.heading("Parity and speed");
        var speed = List.of(
                DemoSpeed.codec(run("vqvae-demo"), bundle("vqvae-demo"), data.heldOut()),
                DemoSpeed.generator(run("dcgan-demo"), bundle("dcgan-demo")));
        page.table(
                List.of("model", "SameDiff, pictures a second", "ONNX Runtime, pictures a second"),
                speed.stream()
                        .map(row -> List.of(row.model(), rate(row.sameDiff()), rate(row.onnx())))
                        .toList());
        page.table(List.of("graph", "largest difference", "of range"), parityRows(codecManifest, generatorManifest));
        AtomicFiles.writeString(out.resolve("report.html"), page.html());

        double seconds = (System.nanoTime() - started) / 1e9;
        console.line("made in %s: %s", Console.time(seconds), out.resolve("report.html"));
        console.line("  pictures      pictures/, pictures.png, reconstructions.png, generated.png, interpolation.png");
        console.line("  bundles       vqvae-demo.smalti, dcgan-demo.smalti");
        for (int i = 0; i < quality.size(); i++) {
            console.line("  %-13s %s", i == 0 ? "quality" : "", quality.get(i));
        }
        console.line("  parity        SameDiff and ONNX Runtime, VQ-VAE: %s", ExportCommand.parity(codecManifest));
        console.line("                SameDiff and ONNX Runtime, DCGAN: %s", ExportCommand.parity(generatorManifest));
        for (var row : speed) {
            console.line(
                    "  speed         %s: %s pictures a second in SameDiff, %s in ONNX Runtime",
                    row.model(), rate(row.sameDiff()), rate(row.onnx()));
        }
        console.line("next, with these pictures or your own:");
        console.line("  ./smalti generate %s --count 100 --seed 7 --class star --out stars.png", bundle("dcgan-demo"));
        console.line("  ./smalti evaluate %s --data %s", bundle("vqvae-demo"), out.resolve(FOLDER));
        console.line("  ./smalti train --preset vqvae --data %s --out runs/mine --steps 1000", out.resolve(FOLDER));
    }

    private static String rate(double perSecond) {
        return String.format(Locale.ROOT, "%.0f", perSecond);
    }

    /** A demo's folder is gone on with, or replaced by a whole new one; another is as for any command. */
    private void requireOwn() throws IOException {
        OverwriteOption.recover(out, console);
        boolean begun = Outputs.isDemo(out);
        if (!begun || overwrite.overwrites) {
            Outputs.requireFolder(out, Outputs.Holding.DEMO, overwrite);
        } else {
            Outputs.requireFolder(out);
        }
    }

    private void requireSameSeed(String preset) {
        if (Files.exists(run(preset).resolve("spec.json"))) {
            long begun = Trainer.specOf(run(preset)).training().seed();
            if (begun != seed) {
                throw new SpecException(out + ": was begun with --seed " + begun + ", got --seed " + seed
                        + "; give it another folder, such as --out " + out + "-" + seed);
            }
        }
    }

    private Path run(String preset) {
        return out.resolve("runs").resolve(preset);
    }

    private Path bundle(String preset) {
        return out.resolve(preset + ".smalti");
    }

    private ModelSpec spec(String preset) {
        var spec = Presets.named(preset);
        return spec.withTraining(spec.training().withSeed(seed));
    }

    private void train(String preset, Dataset data) throws IOException {
        var spec = spec(preset);
        var listener = console.training(preset);
        if (Files.exists(run(preset).resolve("spec.json"))) {
            Trainer.resume(run(preset), data, null, listener);
        } else {
            Trainer.train(spec, data, run(preset), listener);
        }
    }

    private BundleManifest export(String preset) throws IOException {
        console.note("exporting " + preset + ", with a proof of each graph");
        return BundleExporter.export(run(preset), bundle(preset), ExportOptions.defaults());
    }

    private static List<List<String>> parityRows(BundleManifest... manifests) {
        var rows = new ArrayList<List<String>>();
        for (var manifest : manifests) {
            manifest.graphs()
                    .forEach((role, graph) -> rows.add(List.of(
                            manifest.name() + " " + graph.file(),
                            String.format(Locale.ROOT, "%.2e", graph.proof().maxDifference()),
                            String.format(Locale.ROOT, "%.3g", graph.proof().range()))));
        }
        return rows;
    }

    private void show(HtmlPage page, String heading, String file, Pixels pixels, int columns, String caption)
            throws IOException {
        var grid = Pngs.grid(pixels, columns);
        Pngs.write(grid, out.resolve(file));
        page.heading(heading).image(grid, caption, ZOOM);
    }

    /**
     * The pictures as a user has them: in files, a folder a class.
     *
     * @throws SpecException if other pictures lie where they would be
     */
    private Dataset pictures() throws IOException {
        var spec = spec("vqvae-demo");
        var drawn = ProceduralPictures.draw(PICTURES, SIZE, seed);
        var folder = out.resolve(FOLDER);
        if (!Files.exists(folder)) {
            console.note("drawing " + PICTURES + " pictures in " + ProceduralPictures.CLASSES.size() + " classes: "
                    + folder);
            AtomicFiles.writeFolder(folder, target -> write(drawn, target));
        }
        var read =
                Dataset.open(folder, spec.image(), spec.data(), spec.training().seed(), LoadListener.none());
        if (!Pictures.sha256(read.train(), read.heldOut()).equals(Pictures.sha256(drawn))) {
            throw new SpecException(folder + ": must hold the pictures that the demo draws, and holds others; give the"
                    + " demo another folder by --out");
        }
        return read;
    }

    private static void write(Pictures drawn, Path folder) throws IOException {
        for (var name : drawn.classes()) {
            Files.createDirectories(folder.resolve(name));
        }
        for (int i = 0; i < drawn.count(); i++) {
            var name = String.format(Locale.ROOT, "%05d.png", i);
            PictureFiles.writePng(
                    folder.resolve(drawn.classes().get(drawn.label(i))).resolve(name), drawn.picture(i));
        }
    }

    /** The first of each class, a column a class. */
    private static Pictures byClass(Pictures pictures) {
        var next = new int[COLUMNS];
        var shown = new int[SHOWN];
        for (int i = 0; i < pictures.count(); i++) {
            int column = pictures.label(i);
            if (next[column] < SHOWN / COLUMNS) {
                shown[next[column]++ * COLUMNS + column] = i;
            }
        }
        return pictures.subset(shown);
    }

    /** @return lines on how good they are */
    private List<String> reconstructions(HtmlPage page, Pictures heldOut) throws IOException {
        try (var model = SmaltiModel.open(bundle("vqvae-demo"))) {
            Codec codec = model.codec();
            var originals = pixels(byClass(heldOut));
            var rebuilt = codec.reconstruct(originals);
            var rows = new ArrayList<Picture>();
            for (int row = 0; row < SHOWN; row += COLUMNS) {
                addRow(rows, originals, row);
                addRow(rows, rebuilt, row);
            }
            show(
                    page,
                    "Reconstructions",
                    "reconstructions.png",
                    PictureBatches.pixels(rows),
                    COLUMNS,
                    "Held-out pictures, and below each row what their codes decode to");
            var all = codec.reconstruct(pixels(heldOut));
            var others = Pictures.of(SIZE, SIZE, 3, all.bytes());
            var lines = quality(heldOut.count(), ImageMetrics.psnr(ImageMetrics.mse(heldOut, others)));
            lines.forEach(page::paragraph);
            return lines;
        }
    }

    /** Over all held-out pictures, as evaluate measures, and over those of them that the bundle's card is about. */
    private List<String> quality(int count, double psnr) {
        var report = RecordTree.read(ReportPage.beside(bundle("vqvae-demo"), ".report.json"), ExportReport.class);
        var lines = new ArrayList<String>();
        lines.add(String.format(
                Locale.ROOT, "PSNR of all %d held-out pictures, rebuilt: %.2f dB, higher is better", count, psnr));
        var card = report.reconstruction();
        if (card != null && card.containsKey(Precision.FP32.key())) {
            lines.add(String.format(
                    Locale.ROOT,
                    "the bundle's card says %.2f dB, of the %d of them that a run keeps for its export",
                    card.get(Precision.FP32.key()),
                    report.heldOut()));
        }
        return lines;
    }

    private static void addRow(List<Picture> rows, Pixels pixels, int first) {
        for (int i = first; i < first + COLUMNS; i++) {
            rows.add(Picture.of(
                    pixels.height(),
                    pixels.width(),
                    pixels.channels(),
                    pixels.range(i, 1).bytes()));
        }
    }

    private void generated(HtmlPage page) throws IOException {
        try (var model = SmaltiModel.open(bundle("dcgan-demo"))) {
            Generator generator = model.generator();
            int classes = generator.classes().size();
            var grid = generator.generate(seed, GenerateCommand.inTurn(8 * classes, classes));
            show(
                    page,
                    "Generated",
                    "generated.png",
                    grid,
                    classes,
                    "A column a class: " + String.join(", ", generator.classes()));
            show(
                    page,
                    "Interpolation",
                    "interpolation.png",
                    interpolation(generator),
                    STEPS_BETWEEN,
                    "From the noise on the left to that on the right, along a great circle, a row a class");
        }
    }

    /** Spherical interpolation (White 2016, arXiv:1609.04468): a straight line would leave the noise's shell. */
    private Pixels interpolation(Generator generator) {
        int length = generator.noiseLength();
        var noise = new float[ROWS_BETWEEN * STEPS_BETWEEN * length];
        var classes = new int[ROWS_BETWEEN * STEPS_BETWEEN];
        for (int row = 0; row < ROWS_BETWEEN; row++) {
            var from = generator.noise(seed, 2 * row);
            var to = generator.noise(seed, 2 * row + 1);
            double angle = angle(from, to);
            for (int step = 0; step < STEPS_BETWEEN; step++) {
                int at = row * STEPS_BETWEEN + step;
                double share = step / (STEPS_BETWEEN - 1.0);
                classes[at] = 2 * row % generator.classes().size();
                for (int i = 0; i < length; i++) {
                    noise[at * length + i] =
                            (float) ((Math.sin((1 - share) * angle) * from[i] + Math.sin(share * angle) * to[i])
                                    / Math.sin(angle));
                }
            }
        }
        return generator.generate(noise, classes);
    }

    private static double angle(float[] a, float[] b) {
        double dot = 0;
        double normA = 0;
        double normB = 0;
        for (int i = 0; i < a.length; i++) {
            dot += (double) a[i] * b[i];
            normA += (double) a[i] * a[i];
            normB += (double) b[i] * b[i];
        }
        return Math.acos(dot / Math.sqrt(normA * normB));
    }

    private static Pixels pixels(Pictures pictures) {
        return new Pixels(
                pictures.count(),
                pictures.height(),
                pictures.width(),
                pictures.channels(),
                java.nio.ByteBuffer.wrap(pictures.pixels()));
    }
}
