package smalti.exporter.bundle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.exporter.ExportOptions;
import smalti.exporter.cost.ModelCost;
import smalti.exporter.file.OnnxFileCheck;
import smalti.exporter.graph.Model;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.pass.Passes;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.report.ExportReport;
import smalti.exporter.report.ExportReport.GraphReport;
import smalti.exporter.report.ExportReport.PrecisionReport;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest.Proof;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;

/** Gathers what an export found out about each graph. */
final class ReportMaker {
    private final RunFolder run;
    private final ExportOptions options;
    private final Map<Role, Passes.Result> passes;
    private final Map<Role, Proof> proofs;
    private final Map<Role, List<Variant>> variants;

    ReportMaker(
            RunFolder run,
            ExportOptions options,
            Map<Role, Passes.Result> passes,
            Map<Role, Proof> proofs,
            Map<Role, List<Variant>> variants) {
        this.run = run;
        this.options = options;
        this.passes = passes;
        this.proofs = proofs;
        this.variants = variants;
    }

    /**
     * @param folder with the graphs as they were written
     * @param bundle its seal
     * @param reconstruction where pictures are reconstructed
     * @throws SpecException if a written file breaks a rule of ONNX
     */
    ExportReport report(Path folder, String bundle, Optional<Reconstruction> reconstruction) throws IOException {
        var graphs = new ArrayList<GraphReport>();
        for (var entry : passes.entrySet()) {
            graphs.add(graph(entry.getKey(), entry.getValue(), folder));
        }
        return new ExportReport(
                run.manifest().name(),
                bundle,
                options.opset(),
                machine(),
                graphs,
                reconstruction.map(Reconstruction::psnr).orElse(null),
                reconstruction.map(Reconstruction::pictures).orElse(0));
    }

    private static String machine() {
        return System.getProperty("os.name") + " " + System.getProperty("os.arch") + ", on one core of "
                + Runtime.getRuntime().availableProcessors() + ", Java "
                + Runtime.version().feature() + ", ONNX Runtime " + ModelSession.version();
    }

    private GraphReport graph(Role role, Passes.Result result, Path folder) throws IOException {
        var proof = proofs.get(role);
        if (proof == null) {
            throw new IllegalStateException(role + " was not proven");
        }
        var ops = new TreeMap<String, Integer>();
        result.model().graph().nodes().forEach(node -> ops.merge(node.op(), 1, Integer::sum));
        var cost = ModelCost.of(result.model(), sizes(result.model()));
        return new GraphReport(
                role.fileStem(),
                result.nodesBefore(),
                result.nodes(),
                result.removed(),
                ops,
                cost.parameters(),
                cost.graph().flops().isWhole() ? cost.graph().flops().known() : null,
                checked(role, folder),
                proof,
                precisions(role, folder));
    }

    private @Nullable Long memory(Model model) {
        var cost = ModelCost.of(model, sizes(model));
        var peak = cost.graph().peakBytes();
        return peak.isWhole() ? cost.parameterBytes() + peak.known() : null;
    }

    /** One picture of the model's own size. */
    private Map<String, Long> sizes(Model model) {
        var pixels = run.manifest().pixels();
        var sizes = new HashMap<String, Long>();
        for (var role : run.roles()) {
            for (var image : run.images(role)) {
                size(image.shape().get(2), pixels.height(), sizes);
                size(image.shape().get(3), pixels.width(), sizes);
            }
        }
        sizes.keySet().removeIf(name -> !isFree(name, model));
        return sizes;
    }

    private static void size(Dimension axis, int pixels, Map<String, Long> sizes) {
        axis.name().ifPresent(name -> sizes.put(name, pixels / axis.factor()));
    }

    private static boolean isFree(String name, Model model) {
        return model.graph().inputs().stream()
                .flatMap(input -> input.shape().stream())
                .anyMatch(axis -> Dimension.parse(axis.toString()).name().equals(Optional.of(name)));
    }

    private String checked(Role role, Path folder) throws IOException {
        var problems = new ArrayList<String>();
        for (var precision : Precision.values()) {
            var file = folder.resolve(BundleExporter.file(role, precision));
            if (Files.exists(file)) {
                problems.addAll(OnnxFileCheck.problems(file));
            }
        }
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
        return "sound";
    }

    private List<PrecisionReport> precisions(Role role, Path folder) throws IOException {
        var all = new ArrayList<PrecisionReport>();
        var made = variants.get(role);
        if (made == null) {
            var file = BundleExporter.file(role, Precision.FP32);
            var result = passes.get(role);
            all.add(new PrecisionReport(
                    Precision.FP32.key(),
                    file,
                    null,
                    Files.size(folder.resolve(file)),
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    result == null ? null : memory(result.model()),
                    null,
                    List.of(),
                    List.of()));
            return all;
        }
        for (var variant : made) {
            all.add(precision(role, variant));
        }
        return all;
    }

    private PrecisionReport precision(Role role, Variant variant) {
        var speed = variant.speed();
        return new PrecisionReport(
                variant.precision().key(),
                variant.isKept() ? BundleExporter.file(role, variant.precision()) : null,
                variant.why(),
                OnnxWriter.bytes(variant.model()).length,
                variant.psnr(),
                variant.agreement(),
                variant.loss(),
                variant.divergence(),
                speed == null ? null : speed.milliseconds(),
                variant.timesAsFast(),
                memory(variant.model()),
                variant.calibration(),
                variant.layers(),
                variant.islands());
    }
}
