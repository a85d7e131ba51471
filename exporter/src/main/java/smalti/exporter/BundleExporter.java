package smalti.exporter;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.GraphCheck;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Lowerings;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.pass.Passes;
import smalti.exporter.proof.CodecProver;
import smalti.exporter.proof.GeneratorProver;
import smalti.exporter.proof.OrtRunner;
import smalti.exporter.proof.ParitySamples;
import smalti.exporter.report.ExportReport;
import smalti.exporter.report.ReportPage;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.AtomicFiles;
import smalti.spec.BundleManifest;
import smalti.spec.Checksums;
import smalti.spec.Contract;
import smalti.spec.Contracts;
import smalti.spec.Dimension;
import smalti.spec.ElementType;
import smalti.spec.NpyArray;
import smalti.spec.Npz;
import smalti.spec.Precision;
import smalti.spec.Provenance;
import smalti.spec.RecordTree;
import smalti.spec.Role;
import smalti.spec.Signature;
import smalti.spec.SpecException;
import smalti.spec.TensorSpec;

/** Makes a bundle of a run folder. */
public final class BundleExporter {
    private static final long MOST_PICTURE_BYTES = 1L << 30;
    static final String VERSION = version();

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
     * @param run folder with an {@link smalti.spec.ExportManifest}
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
        var stitcher = new Stitcher(run.manifest().pixels());
        var writer = new OnnxWriter(options.opset(), VERSION);
        var models = new EnumMap<Role, Model>(Role.class);
        var passes = new EnumMap<Role, Passes.Result>(Role.class);
        stitcher.bundle(lowered).forEach((role, graph) -> {
            var result = Passes.simplifying().apply(writer.model(graph, metadata(graph)));
            passes.put(role, result);
            models.put(role, result.model());
            GraphCheck.problems(result.model().graph(), options.opset())
                    .forEach(problem -> problems.add(role.fileStem() + ": " + problem));
        });
        stopIfBroken();
        var written = new ArrayList<BundleManifest>();
        var reports = new ArrayList<ExportReport>();
        AtomicFiles.writeFolder(bundle, folder -> {
            for (var model : models.entrySet()) {
                options.progress().accept("writing " + file(model.getKey()));
                OnnxWriter.write(model.getValue(), folder.resolve(file(model.getKey())));
            }
            var proofs = run.isCodec() ? proveCodec(folder, stitcher, lowered) : proveGenerator(folder);
            Npz.write(folder.resolve(BundleManifest.PARITY_FILE), paritySamples());
            var variants = variants(models);
            for (var role : variants.variants().entrySet()) {
                for (var variant : role.getValue()) {
                    if (variant.precision() != Precision.FP32 && variant.isKept()) {
                        OnnxWriter.write(variant.model(), folder.resolve(file(role.getKey(), variant.precision())));
                    }
                }
            }
            var graphs = checksums(folder, Map.of());
            var card = ModelCard.of(manifest(graphs, models, proofs, variants), sheets(variants), figures(variants));
            card.writeTo(folder);
            var manifest = manifest(checksums(folder, graphs), models, proofs, variants)
                    .sealed();
            AtomicFiles.writeString(folder.resolve(BundleManifest.FILE), RecordTree.json(manifest));
            written.add(manifest);
            var seal = Objects.requireNonNull(manifest.sha256());
            reports.add(new ReportMaker(run, options, passes, proofs, variants).report(folder, seal));
        });
        ReportPage.write(reports.get(0), bundle);
        return written.get(0);
    }

    private Variants.Result variants(Map<Role, Model> models) throws IOException {
        var manifest = run.manifest();
        return run.isCodec()
                ? Variants.ofCodec(
                        models,
                        pictures(run.calibration(), manifest.pixels()),
                        pictures(run.heldOut(), manifest.pixels()),
                        options)
                : Variants.ofGenerator(
                        models,
                        run.noiseLength(),
                        manifest.contracts().classes().size(),
                        options);
    }

    private static List<ModelCard.Sheet> sheets(Variants.Result variants) {
        var caption = variants.reconstruction() == null
                ? "What it generates."
                : "Held-out pictures, and below each what its codes decode to"
                        + (variants.shown().size() > 2 ? ", by the FP32 graphs and by the INT8 ones." : ".");
        return List.of(new ModelCard.Sheet("samples.png", caption, variants.shown()));
    }

    private static List<ModelCard.Figure> figures(Variants.Result variants) {
        var figures = new ArrayList<ModelCard.Figure>();
        variants.kept()
                .forEach((precisions, psnr) -> figures.add(new ModelCard.Figure(
                        "PSNR of " + variants.heldOut() + " held-out pictures, " + precisions,
                        String.format(Locale.ROOT, "%.2f dB, higher is better", psnr))));
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

    private Map<Role, BundleManifest.Proof> proveCodec(Path folder, Stitcher stitcher, Map<Role, Graph> lowered)
            throws IOException {
        var manifest = run.manifest();
        var heldOut = pictures(run.heldOut(), manifest.pixels());
        // for the proof alone: tokenize with its latents as a second output
        var temporary = AtomicFiles.temporaryFolder("smalti-tokenize");
        var watched = temporary.resolve("tokenize.onnx");
        try {
            new OnnxWriter(options.opset(), VERSION).write(stitcher.tokenize(lowered, true), new TreeMap<>(), watched);
            return CodecProver.prove(
                    manifest.pixels(),
                    run.codes(),
                    run.signature(Role.ENCODER).inputs().get(0).shape(),
                    sources,
                    folder,
                    watched,
                    heldOut,
                    options.seed(),
                    options.progress());
        } finally {
            AtomicFiles.discard(temporary);
        }
    }

    private Map<Role, BundleManifest.Proof> proveGenerator(Path folder) {
        var manifest = run.manifest();
        return GeneratorProver.prove(
                manifest.pixels(),
                run.noiseLength(),
                manifest.contracts().classes().size(),
                source(Role.GENERATOR),
                folder,
                options.seed(),
                options.progress());
    }

    private Map<String, NpyArray> paritySamples() throws IOException {
        var manifest = run.manifest();
        return run.isCodec()
                ? ParitySamples.ofCodec(manifest.pixels(), sources, pictures(run.heldOut(), manifest.pixels()))
                : ParitySamples.ofGenerator(
                        manifest.pixels(),
                        run.noiseLength(),
                        manifest.contracts().classes().size(),
                        source(Role.GENERATOR),
                        options.seed());
    }

    private SameDiffRunner source(Role role) {
        var source = sources.get(role);
        if (source == null) {
            throw new IllegalStateException("no source for " + role);
        }
        return source;
    }

    private static NpyArray pictures(Path file, Contract.Pixels pixels) throws IOException {
        try (var stream = Files.newInputStream(file)) {
            var pictures = NpyArray.read(stream, file.toString(), MOST_PICTURE_BYTES);
            var sizes = List.of((long) pixels.height(), (long) pixels.width(), (long) pixels.channels());
            if (pictures.type() != ElementType.UINT8
                    || pictures.shape().size() != 4
                    || pictures.shape().get(0) < 1
                    || !pictures.shape().subList(1, 4).equals(sizes)) {
                throw new SpecException(file + ": pictures must be uint8 [M,H,W,C] with [H,W,C] = " + sizes + ", got "
                        + pictures.type() + " " + pictures.shape());
            }
            return pictures;
        }
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
            Variants.Result variants) {
        var entries = new LinkedHashMap<String, BundleManifest.Graph>();
        for (var model : models.entrySet()) {
            var role = model.getKey();
            var file = file(role);
            var proof = proofs.get(role);
            if (proof == null) {
                throw new IllegalStateException(file + " was not proven");
            }
            var others = new TreeMap<String, BundleManifest.Variant>();
            for (var variant : variants.variants().getOrDefault(role, List.of())) {
                var quality = variant.quality();
                if (quality != null && variant.isKept()) {
                    var other = file(role, variant.precision());
                    others.put(
                            variant.precision().key(),
                            new BundleManifest.Variant(
                                    other,
                                    Variants.hasCodes(role) ? null : Variants.finite(quality.psnr()),
                                    Variants.hasCodes(role) ? quality.agreement() : null,
                                    variant.loss()));
                }
            }
            var signature = signature(model.getValue().graph());
            entries.put(
                    role.fileStem(),
                    new BundleManifest.Graph(file, signature, proof, others.isEmpty() ? null : others));
        }
        var source = run.manifest();
        var lookup = models.get(Role.LOOKUP);
        return new BundleManifest(
                BundleManifest.FORMAT,
                source.name(),
                options.opset(),
                entries,
                lookup == null ? source.contracts() : withFingerprint(source.contracts(), lookup.graph()),
                provenance(source.provenance()),
                files,
                null);
    }

    private static Contracts withFingerprint(Contracts contracts, Graph lookup) {
        return contracts.with(contracts.get(Contract.Codebook.class).withFingerprint(fingerprint(lookup)));
    }

    /** Of the code vectors alone: the same codebook has it whatever the opset or the version that wrote it. */
    private static String fingerprint(Graph lookup) {
        var vectors = lookup.initializers().values().stream()
                .filter(Tensor.class::isInstance)
                .map(Tensor.class::cast)
                .filter(tensor -> tensor.type() == ValueType.FLOAT32)
                .toList();
        if (vectors.size() != 1) {
            throw new SpecException("lookup: must hold one table of code vectors, got " + vectors.size());
        }
        return Checksums.sha256(vectors.get(0).data());
    }

    private static Provenance provenance(Provenance trained) {
        var versions = new TreeMap<>(trained.versions());
        versions.put("smalti-exporter", VERSION);
        versions.put("onnxruntime", OrtRunner.version());
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

    private static String version() {
        var properties = new Properties();
        try (var stream = BundleExporter.class.getResourceAsStream("version.properties")) {
            if (stream == null) {
                throw new IllegalStateException("version.properties is missing from the exporter's jar");
            }
            properties.load(stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }
}
