package smalti.exporter.bundle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import smalti.exporter.ExportOptions;
import smalti.exporter.SmaltiVersion;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.GraphCheck;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Lowerings;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.pass.Passes;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.report.ExportReport;
import smalti.exporter.report.ReportPage;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Provenance;
import smalti.spec.bundle.Role;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.Checksums;
import smalti.spec.file.NpyArray;
import smalti.spec.file.Npz;
import smalti.spec.file.RecordTree;
import smalti.spec.file.Seal;

/** Makes a bundle of a run folder. */
public final class BundleExporter {

    private final RunFolder run;
    private final ExportOptions options;
    private final Map<Role, SameDiffRunner> sources = new EnumMap<>(Role.class);
    private final List<String> problems = new ArrayList<>();

    private BundleExporter(RunFolder run, ExportOptions options) {
        this.run = run;
        this.options = options;
    }

    /**
     * Exports a run folder's graphs, proves each against its source and writes the bundle, whole or not at all. Beside a bundle
     * {@code name.smalti} lie {@code name.report.html} and {@code name.report.json}, which tell what was measured.
     *
     * @param run folder with an {@link smalti.spec.bundle.ExportManifest}
     * @param bundle folder to write, by convention {@code name.smalti}; one that is there already is replaced
     * @return what was written as {@code bundle.json}
     * @throws SpecException if the run folder cannot be exported, listing every reason
     * @throws smalti.exporter.proof.ProofException if an exported graph does not do what its source does
     */
    public static BundleManifest export(Path run, Path bundle, ExportOptions options) throws IOException {
        checkTarget(run, bundle);
        return new BundleExporter(RunFolder.read(run), options).write(bundle);
    }

    /** What is replaced whole must be a bundle, lest something else is lost. */
    private static void checkTarget(Path run, Path bundle) throws IOException {
        var target = bundle.toAbsolutePath().normalize();
        if (run.toAbsolutePath().normalize().startsWith(target)) {
            throw new SpecException(bundle + ": must not be the run folder nor hold it, got run " + run);
        }
        if (Files.exists(target) && !Files.isDirectory(target)) {
            throw new SpecException(bundle + ": must be a folder to write into, and is a file");
        }
        if (Files.isDirectory(target) && !Files.exists(target.resolve(BundleManifest.FILE))) {
            try (var files = Files.list(target)) {
                var first = files.findFirst();
                if (first.isPresent()) {
                    throw new SpecException(bundle + ": must be new, empty or a bundle, got a folder that holds "
                            + first.get().getFileName());
                }
            }
        }
    }

    private BundleManifest write(Path bundle) throws IOException {
        var lowered = lower();
        var trained = new Trained(run, sources, options);
        var stitcher = new Stitcher(trained.pixels());
        var graphs = new EnumMap<>(lowered);
        run.services().forEach(service -> graphs.putAll(service.stitch(stitcher, lowered)));
        var writer = new OnnxWriter(options.opset(), SmaltiVersion.THIS);
        var models = new EnumMap<Role, Model>(Role.class);
        var passes = new EnumMap<Role, Passes.Result>(Role.class);
        graphs.forEach((role, graph) -> {
            var result = Passes.simplifying().apply(writer.model(graph, metadata(graph)));
            passes.put(role, result);
            models.put(role, result.model());
            GraphCheck.problems(result.model().graph(), options.opset())
                    .forEach(problem -> problems.add(role.fileStem() + ": " + problem));
        });
        stopIfBroken();
        var exported = AtomicFiles.makeFolder(bundle, folder -> {
            for (var model : models.entrySet()) {
                options.progress().accept("writing " + file(model.getKey()));
                OnnxWriter.write(model.getValue(), folder.resolve(file(model.getKey())));
            }
            var proofs = new EnumMap<Role, BundleManifest.Proof>(Role.class);
            var samples = new LinkedHashMap<String, NpyArray>();
            for (var service : run.services()) {
                proofs.putAll(service.prove(trained, stitcher, lowered, folder));
            }
            for (var service : run.services()) {
                samples.putAll(service.paritySamples(trained));
            }
            Npz.write(folder.resolve(BundleManifest.PARITY_FILE), samples);
            var served = new ArrayList<ServedGraphs>();
            for (var service : run.services()) {
                served.add(service.variants(trained, models));
            }
            var variants = new EnumMap<Role, List<Variant>>(Role.class);
            served.forEach(each -> variants.putAll(each.variants()));
            for (var role : variants.entrySet()) {
                for (var variant : role.getValue()) {
                    if (variant.precision() != Precision.FP32 && variant.isKept()) {
                        OnnxWriter.write(variant.model(), folder.resolve(file(role.getKey(), variant.precision())));
                    }
                }
            }
            var written = checksums(folder, Map.of());
            var card = ModelCard.of(manifest(written, models, proofs, variants), sheets(served), figures(served));
            card.writeTo(folder);
            var manifest = Seal.on(manifest(checksums(folder, written), models, proofs, variants));
            AtomicFiles.writeString(folder.resolve(BundleManifest.FILE), RecordTree.json(manifest));
            var seal = Objects.requireNonNull(manifest.sha256());
            var report = new ReportMaker(run, options, passes, proofs, variants);
            return new Exported(manifest, report.report(folder, seal, reconstruction(served)), card);
        });
        ReportPage.write(exported.report(), exported.card().shown(), bundle);
        return exported.manifest();
    }

    private record Exported(BundleManifest manifest, ExportReport report, ModelCard card) {}

    /** That of the one service that reconstructs pictures. */
    private static Optional<Reconstruction> reconstruction(List<ServedGraphs> served) {
        return served.stream()
                .map(ServedGraphs::reconstruction)
                .filter(Objects::nonNull)
                .findFirst();
    }

    private static List<ModelCard.Sheet> sheets(List<ServedGraphs> served) {
        var sheets = new ArrayList<ModelCard.Sheet>();
        for (var each : served) {
            for (var sheet : each.sheets()) {
                var file = sheets.isEmpty() ? "samples.png" : "samples-" + (sheets.size() + 1) + ".png";
                sheets.add(new ModelCard.Sheet(file, sheet.caption(), sheet.rows()));
            }
        }
        return sheets;
    }

    private static List<ModelCard.Figure> figures(List<ServedGraphs> served) {
        var figures = new ArrayList<ModelCard.Figure>();
        reconstruction(served)
                .ifPresent(reconstruction -> reconstruction
                        .kept()
                        .forEach((way, psnr) -> figures.add(new ModelCard.Figure(
                                "PSNR of " + reconstruction.pictures() + " held-out pictures, " + way,
                                String.format(Locale.ROOT, "%.2f dB, higher is better", psnr)))));
        return figures;
    }

    private Map<Role, Graph> lower() {
        var graphs = new EnumMap<Role, Graph>(Role.class);
        for (var role : run.roles()) {
            options.progress().accept("reading " + role.fileStem());
            try {
                var source = SameDiffRunner.open(run.file(role), role.fileStem(), run.signature(role));
                sources.put(role, source);
                graphs.put(
                        role,
                        Lowerings.lower(source.source(), BundleExporter::end, options.opset())
                                .graph());
            } catch (SpecException e) {
                problems.addAll(e.problems());
            }
        }
        stopIfBroken();
        return graphs;
    }

    private static Value end(TensorSpec tensor) {
        return Value.of(tensor, tensor.name().equals("image") ? Value.Layout.NCHW : Value.Layout.PLAIN);
    }

    /** @param known of files that were not written since */
    private static SortedMap<String, String> checksums(Path folder, Map<String, String> known) throws IOException {
        var checksums = new TreeMap<>(known);
        try (var files = Files.list(folder)) {
            for (var file : (Iterable<Path>) files::iterator) {
                var name = String.valueOf(file.getFileName());
                if (!known.containsKey(name)) {
                    checksums.put(name, Checksums.sha256(file));
                }
            }
        }
        return checksums;
    }

    private BundleManifest manifest(
            SortedMap<String, String> files,
            Map<Role, Model> models,
            Map<Role, BundleManifest.Proof> proofs,
            Map<Role, List<Variant>> variants) {
        var entries = new LinkedHashMap<String, BundleManifest.Graph>();
        for (var model : models.entrySet()) {
            var role = model.getKey();
            var file = file(role);
            var proof = proofs.get(role);
            if (proof == null) {
                throw new IllegalStateException(file + " was not proven");
            }
            var others = new TreeMap<String, BundleManifest.Variant>();
            for (var variant : variants.getOrDefault(role, List.of())) {
                if (variant.quality() != null && variant.isKept()) {
                    var other = file(role, variant.precision());
                    others.put(
                            variant.precision().key(),
                            new BundleManifest.Variant(other, variant.psnr(), variant.agreement(), variant.loss()));
                }
            }
            var signature = signature(model.getValue().graph());
            entries.put(
                    role.fileStem(),
                    new BundleManifest.Graph(file, signature, proof, others.isEmpty() ? null : others));
        }
        var source = run.manifest();
        var contracts = source.contracts();
        for (var service : run.services()) {
            contracts = service.contracts(contracts, models);
        }
        return new BundleManifest(
                BundleManifest.FORMAT,
                source.name(),
                options.opset(),
                entries,
                contracts,
                provenance(source.provenance()),
                files,
                null);
    }

    private static Provenance provenance(Provenance trained) {
        var versions = new TreeMap<>(trained.versions());
        versions.put("smalti-exporter", SmaltiVersion.THIS);
        versions.put("onnxruntime", ModelSession.version());
        return trained.withVersions(versions);
    }

    private static Signature signature(Graph graph) {
        return new Signature(
                graph.inputs().stream().map(BundleExporter::tensor).toList(),
                graph.outputs().stream().map(BundleExporter::tensor).toList());
    }

    private static TensorSpec tensor(Value value) {
        return new TensorSpec(
                value.name(),
                value.element().elementType().orElseThrow(),
                value.shape().stream()
                        .map(axis -> Dimension.parse(axis.toString()))
                        .toList());
    }

    /** What ONNX's MetadataProps.md tells consumers of pictures; nothing where no picture goes in or out. */
    private SortedMap<String, String> metadata(Graph graph) {
        var metadata = new TreeMap<String, String>();
        var pixels = run.manifest().pixels();
        Supplier<java.util.stream.Stream<Value>> pictures =
                () -> java.util.stream.Stream.concat(graph.inputs().stream(), graph.outputs().stream())
                        .filter(value -> value.layout() != Value.Layout.PLAIN);
        if (pictures.get().findAny().isEmpty()) {
            return metadata;
        }
        metadata.put("Image.BitmapPixelFormat", pixels.channels() == 1 ? "Gray8" : "Rgb8");
        metadata.put("Image.ColorSpaceGamma", "SRGB");
        if (pictures.get().anyMatch(value -> value.element() == ValueType.UINT8)) {
            metadata.put("Image.NominalPixelRange", "NominalRange_0_255");
        } else if (pixels.lo() == 0 && pixels.hi() == 1) {
            metadata.put("Image.NominalPixelRange", "Normalized_0_1");
        } else if (pixels.lo() == -1 && pixels.hi() == 1) {
            metadata.put("Image.NominalPixelRange", "Normalized_1_1");
        }
        return metadata;
    }

    private static String file(Role role) {
        return file(role, Precision.FP32);
    }

    static String file(Role role, Precision precision) {
        return role.fileStem() + (precision == Precision.FP32 ? "" : "." + precision.key()) + ".onnx";
    }

    private void stopIfBroken() {
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
    }
}
