package smalti.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import smalti.exporter.ExportOptions;
import smalti.exporter.bundle.BundleExporter;
import smalti.exporter.deployment.TritonRepository;
import smalti.exporter.deployment.WebFolder;
import smalti.exporter.report.ExportReport;
import smalti.exporter.report.ReportPage;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.bundle.Precision;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.NpyArray;
import smalti.spec.file.RecordTree;
import smalti.trainer.data.ProceduralPictures;

@Command(
        name = "export",
        sortOptions = false,
        description =
                "Turns a run folder into a bundle of ONNX graphs, each proven against SameDiff before it is kept; "
                        + "or a run folder or a bundle into what another consumer takes as it is.")
final class ExportCommand implements Callable<Integer> {
    private static final int SAMPLES = 10;
    private static final int SMALLEST_DRAWN = 32;
    private static final int LARGEST_DRAWN = 1024;
    private static final long MOST_PICTURE_BYTES = 1L << 30;

    private final Console console;

    /** What to write. */
    enum Target {
        BUNDLE,
        TRITON,
        WEB
    }

    @Parameters(
            index = "0",
            paramLabel = "RUN|BUNDLE",
            description = "A run folder that smalti train finished; with a --target, a bundle as well.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path run;

    @Option(
            names = "--target",
            paramLabel = "TARGET",
            defaultValue = "bundle",
            description = "bundle; triton: a model repository for NVIDIA's Triton server; web: a page that runs the "
                    + "bundle in the browser. Default ${DEFAULT-VALUE}.")
    String targetName = "bundle";

    private Target target = Target.BUNDLE;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "The folder to write, name.smalti for a bundle.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    @Spec
    @Nullable
    CommandSpec command;

    @Mixin
    OpsetOption opset = new OpsetOption();

    @Option(
            names = "--precisions",
            split = ",",
            paramLabel = "P",
            description =
                    "Graphs in fewer bits besides FP32, kept where they hold: fp16, int8, both (the default), or fp32 "
                            + "for none.")
    List<String> precisions = List.of("fp16", "int8");

    @Option(names = "--keep-slow", description = "Keep INT8 graphs that are not faster on this machine as well.")
    boolean keepsSlow;

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    ExportCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        target = Choices.of("--target", targetName, Target.values());
        GivenFile.requireRunOrBundle(run);
        requireMeaning();
        Outputs.requireFolder(
                out,
                switch (target) {
                    case BUNDLE -> Outputs.Holding.BUNDLE;
                    case TRITON -> Outputs.Holding.REPOSITORY;
                    case WEB -> Outputs.Holding.PAGE;
                },
                overwrite,
                run);
        if (target == Target.BUNDLE) {
            for (var report : List.of(".report.html", ".report.json")) {
                if (!Files.exists(out)) {
                    Outputs.requireFile(ReportPage.beside(out, report), overwrite);
                }
            }
            if (isBundle()) {
                throw new SpecException(run + ": is a bundle already; --target triton or web makes something of it");
            }
            export(out);
            console.line("next: ./smalti inspect %s", out);
        } else if (isBundle()) {
            write(run);
        } else {
            var folder = AtomicFiles.temporaryFolder("smalti-export");
            try {
                var bundle = folder.resolve("bundle.smalti");
                export(bundle);
                write(bundle);
            } finally {
                AtomicFiles.discard(folder);
            }
        }
        return 0;
    }

    /** @throws SpecException if options are given that would change nothing */
    private void requireMeaning() {
        var idle = new ArrayList<String>();
        var given = Objects.requireNonNull(command).commandLine().getParseResult();
        if (isBundle()) {
            Stream.of("--opset", "--precisions", "--keep-slow")
                    .filter(given::hasMatchedOption)
                    .map(option ->
                            option + " is for a run folder, and " + run + " is a bundle, whose graphs are copied")
                    .forEach(idle::add);
        } else if (target == Target.WEB) {
            Stream.of("--precisions", "--keep-slow")
                    .filter(given::hasMatchedOption)
                    .map(option -> option + " is not for --target web: a page runs FP32 alone")
                    .forEach(idle::add);
        }
        if (!idle.isEmpty()) {
            throw new WrongUse(String.join("\n", idle));
        }
    }

    private void export(Path bundle) throws IOException {
        var options = ExportOptions.defaults()
                .withOpset(opset.opset)
                // a page runs FP32 alone
                .withPrecisions(
                        target == Target.WEB
                                ? Set.of()
                                : precisions.stream()
                                        .map(precision -> Choices.of("--precisions", precision, Precision.values()))
                                        .collect(Collectors.toSet()))
                .withKeepsSlow(keepsSlow)
                .withProgress(console::note);
        var manifest = BundleExporter.export(run, bundle, options);
        console.line("exported %s: %s", manifest.name(), out);
        console.line("parity of SameDiff and ONNX Runtime: %s", parity(manifest));
        manifest.graphs().forEach((role, graph) -> {
            if (graph.variants() != null) {
                graph.variants()
                        .forEach((precision, variant) -> console.line(
                                "%s in %s: %s", role, precision.toUpperCase(Locale.ROOT), closeness(variant)));
            }
        });
        if (target == Target.BUNDLE) {
            RecordTree.read(ReportPage.beside(bundle, ".report.json"), ExportReport.class)
                    .graphs()
                    .forEach(graph -> graph.precisions().stream()
                            .filter(precision -> precision.why() != null)
                            .forEach(precision -> console.line(
                                    "%s in %s: not kept: %s",
                                    graph.role(), precision.precision().toUpperCase(Locale.ROOT), precision.why())));
            console.line("report: %s", ReportPage.beside(bundle, ".report.html"));
        }
    }

    static String closeness(BundleManifest.Variant variant) {
        var agreement = variant.agreement();
        if (agreement != null) {
            return String.format(Locale.ROOT, "%.2f%% of the codes are FP32's", 100 * agreement);
        }
        var psnr = variant.psnr();
        return psnr == null ? "pixels are FP32's" : String.format(Locale.ROOT, "%.1f dB from FP32", psnr);
    }

    private boolean isBundle() {
        return Files.isRegularFile(run) || Files.exists(run.resolve(BundleManifest.FILE));
    }

    private void write(Path bundle) throws IOException {
        if (target == Target.TRITON) {
            var models = new ArrayList<String>();
            // an empty folder that then replaces what is there
            AtomicFiles.writeFolder(out, folder -> models.addAll(TritonRepository.write(bundle, folder)));
            console.line("wrote a Triton model repository: %s", out);
            console.line("  models: %s", String.join(", ", models));
            console.line("next: tritonserver --model-repository=%s", out);
        } else {
            var samples = samples(bundle);
            AtomicFiles.writeFolder(out, folder -> WebFolder.write(bundle, samples, folder));
            console.line("wrote a page that runs the bundle in the browser: %s", out);
            console.line("next: two commands of %s bring onnxruntime-web and serve it", out.resolve("README.md"));
        }
    }

    /** Some held-out pictures of the run; of a bundle, which has none, some that are drawn. */
    private NpyArray samples(Path bundle) throws IOException {
        if (!isBundle()) {
            var manifest = RecordTree.read(run.resolve(ExportManifest.FILE), ExportManifest.class);
            var file = run.resolve(manifest.heldOut());
            try (var stream = Files.newInputStream(file)) {
                return spread(NpyArray.read(stream, file.toString(), MOST_PICTURE_BYTES));
            }
        }
        try (var model = SmaltiModel.open(bundle)) {
            var pixels = model.manifest().pixels();
            int side = Math.min(LARGEST_DRAWN, Math.max(SMALLEST_DRAWN, Math.max(pixels.height(), pixels.width())));
            var drawn = ProceduralPictures.draw(SAMPLES, side, 0);
            return NpyArray.of(drawn.pixels(), drawn.count(), drawn.height(), drawn.width(), drawn.channels());
        }
    }

    /** As many as a page shows, from all over. */
    private static NpyArray spread(NpyArray pictures) {
        var shape = pictures.shape();
        int count = Math.toIntExact(shape.get(0));
        var data = pictures.bytes();
        int each = data.length / Math.max(1, count);
        int kept = Math.min(count, SAMPLES);
        var bytes = new byte[kept * each];
        for (int i = 0; i < kept; i++) {
            System.arraycopy(data, i * count / kept * each, bytes, i * each, each);
        }
        return NpyArray.of(bytes, kept, shape.get(1), shape.get(2), shape.get(3));
    }

    /** One line on how SameDiff and ONNX Runtime agree. */
    static String parity(BundleManifest manifest) {
        double floats = 0;
        double levels = -1;
        long codes = 0;
        long differing = 0;
        for (var graph : manifest.graphs().values()) {
            var proof = graph.proof();
            var type = graph.signature().outputs().get(0).type();
            if (type == ElementType.UINT8) {
                levels = Math.max(levels, proof.maxDifference());
            } else if (proof.range() > 0) {
                floats = Math.max(floats, proof.maxDifference() / proof.range());
            }
            codes += proof.codes();
            differing += proof.codesDiffering();
        }
        return String.format(Locale.ROOT, "floats differ by at most %.1e of their range", floats)
                + (levels < 0 ? "" : String.format(Locale.ROOT, ", pixels by %.0f of 255", levels))
                + (codes == 0 ? "" : String.format(Locale.ROOT, ", %d of %d codes", differing, codes));
    }
}
