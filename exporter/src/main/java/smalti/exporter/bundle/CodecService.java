package smalti.exporter.bundle;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import smalti.exporter.ExportOptions;
import smalti.exporter.SmaltiVersion;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.precision.Quality;
import smalti.exporter.proof.CodecProver;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proof.PixelConversion;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.BundleManifest.Proof;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Contracts;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.Checksums;
import smalti.spec.file.NpyArray;

/** Pictures to codes and back. In fewer bits, pictures may lose 0.3 dB against their originals. */
final class CodecService implements Service {
    private static final int SHOWN = 8;
    private static final double MOST_LOSS = 0.3;

    @Override
    public Set<Role> sources() {
        return EnumSet.of(Role.ENCODER, Role.CODEBOOK, Role.LOOKUP, Role.DECODER);
    }

    @Override
    public Set<Role> served() {
        return EnumSet.of(Role.TOKENIZE, Role.DETOKENIZE);
    }

    @Override
    public void check(RunRules run) {
        var latents = RunRules.latents("latents");
        var quantized = RunRules.latents("quantized");
        var codes = RunRules.codes("codes");
        var image = run.image("image");
        run.ends(Role.ENCODER, List.of(image), List.of(latents));
        run.ends(Role.CODEBOOK, List.of(latents), List.of(codes, quantized));
        run.ends(Role.LOOKUP, List.of(codes), List.of(quantized));
        run.ends(Role.DECODER, List.of(quantized), List.of(image));
        run.pictures();
        var codebook = run.contract(Contract.Codebook.class, Role.CODEBOOK);
        if (codebook.isEmpty() || run.isBroken()) {
            return;
        }
        run.same(Role.ENCODER, "latents", Role.CODEBOOK, "latents");
        run.same(Role.CODEBOOK, "codes", Role.LOOKUP, "codes");
        run.same(Role.CODEBOOK, "quantized", Role.LOOKUP, "quantized");
        run.same(Role.LOOKUP, "quantized", Role.DECODER, "quantized");
        run.same(Role.ENCODER, "image", Role.DECODER, "image");
        run.codebook(codebook.get());
    }

    @Override
    public Map<Role, Graph> stitch(Stitcher stitcher, Map<Role, Graph> graphs) {
        return Map.of(Role.TOKENIZE, stitcher.tokenize(graphs, false), Role.DETOKENIZE, stitcher.detokenize(graphs));
    }

    @Override
    public Contracts contracts(Contracts trained, Map<Role, Model> models) {
        var codebook = trained.get(Contract.Codebook.class);
        return trained.with(
                codebook.withFingerprint(fingerprint(model(models, Role.LOOKUP).graph())));
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

    @Override
    public Map<Role, Proof> prove(Trained run, Stitcher stitcher, Map<Role, Graph> graphs, Path folder)
            throws IOException {
        var options = run.options();
        // for the proof alone: tokenize with its latents as a second output
        var temporary = AtomicFiles.temporaryFolder("smalti-tokenize");
        var watched = temporary.resolve("tokenize.onnx");
        try {
            new OnnxWriter(options.opset(), SmaltiVersion.THIS)
                    .write(stitcher.tokenize(graphs, true), new TreeMap<>(), watched);
            return CodecProver.prove(
                    run.pixels(),
                    run.contract(Contract.Codebook.class).codes(),
                    run.folder().signature(Role.ENCODER).inputs().get(0).shape(),
                    run.graphs(),
                    folder,
                    watched,
                    run.heldOut(),
                    options.seed(),
                    options.progress());
        } finally {
            AtomicFiles.discard(temporary);
        }
    }

    @Override
    public Map<String, NpyArray> paritySamples(Trained run) throws IOException {
        var pictures = run.firstHeldOut(PARITY_SAMPLES);
        var floats = PixelConversion.floats(pictures, run.pixels());
        var latents = run.output(Role.ENCODER, Map.of("image", floats), "latents");
        var codes = run.output(Role.CODEBOOK, Map.of("latents", latents), "codes");
        var quantized = run.output(Role.LOOKUP, Map.of("codes", codes), "quantized");
        var image = run.output(Role.DECODER, Map.of("quantized", quantized), "image");
        var samples = new LinkedHashMap<String, NpyArray>();
        samples.put("tokenize.pixels", pictures);
        samples.put("tokenize.codes", codes);
        samples.put("detokenize.codes", codes);
        samples.put("detokenize.pixels", PixelConversion.levels(image, run.pixels()));
        return samples;
    }

    @Override
    public ServedGraphs variants(Trained run, Map<Role, Model> models) throws IOException {
        var heldOut = run.heldOut();
        var learnt = Variants.batches(run.calibration());
        var judged = Variants.batches(heldOut);
        var tokenize = model(models, Role.TOKENIZE);
        var variants = new Variants(models, run.options());
        var learntCodes = Variants.run(tokenize, learnt);
        var judgedCodes = Variants.run(tokenize, judged);
        variants.make(Role.TOKENIZE, learnt, judged);
        variants.make(Role.DETOKENIZE, learntCodes, judgedCodes);
        var psnr = reconstruct(variants, heldOut, run.options());
        variants.time();
        var rows = rebuilt(variants, heldOut);
        return new ServedGraphs(
                variants.all(),
                new Reconstruction(
                        byLabel(psnr),
                        byLabel(kept(variants, psnr)),
                        Math.toIntExact(heldOut.shape().get(0))),
                List.of(new ServedGraphs.Sheet(
                        "Held-out pictures, and below each what its codes decode to"
                                + (rows.size() > 2 ? ", by the FP32 graphs and by the INT8 ones." : "."),
                        rows)));
    }

    /** The precision of the graph that makes codes, and that of the one which makes pictures of them. */
    private record Way(Precision tokenize, Precision detokenize) {
        /** Such as {@code int8}, or {@code fp32 tokenize, int8 detokenize}. */
        String label() {
            return tokenize == detokenize
                    ? tokenize.key()
                    : tokenize.key() + " tokenize, " + detokenize.key() + " detokenize";
        }
    }

    private static Map<String, Double> byLabel(Map<Way, Double> psnr) {
        var labelled = new LinkedHashMap<String, Double>();
        psnr.forEach((way, figure) -> labelled.put(way.label(), figure));
        return labelled;
    }

    /** How pictures come back from each precision; a variant that costs them too much is not kept. */
    private static Map<Way, Double> reconstruct(Variants variants, NpyArray pictures, ExportOptions options) {
        var figures = new LinkedHashMap<Way, Double>();
        var tokenizes = variants.variants(Role.TOKENIZE);
        var detokenizes = variants.variants(Role.DETOKENIZE);
        var tokenizeFull = variants.model(Role.TOKENIZE);
        var detokenizeFull = variants.model(Role.DETOKENIZE);
        double full = psnr(pictures, tokenizeFull, detokenizeFull);
        figures.put(new Way(Precision.FP32, Precision.FP32), full);
        for (int i = 1; i < tokenizes.size(); i++) {
            var tokenize = tokenizes.get(i);
            var detokenize = detokenizes.get(i);
            var precision = tokenize.precision();
            options.progress().accept("reconstructing in " + precision);
            double tokenized = psnr(pictures, tokenize.model(), detokenizeFull);
            double detokenized = psnr(pictures, tokenizeFull, detokenize.model());
            double both = psnr(pictures, tokenize.model(), detokenize.model());
            figures.put(new Way(precision, Precision.FP32), tokenized);
            figures.put(new Way(Precision.FP32, precision), detokenized);
            figures.put(new Way(precision, precision), both);
            detokenizes.set(i, detokenize.judged(full - detokenized, Variants.tooMuch(full - detokenized, MOST_LOSS)));
            // a detokenize that is kept is what the codes will meet
            double met = detokenize.isKept() ? Math.min(tokenized, both) : tokenized;
            tokenizes.set(i, tokenize.judged(full - met, Variants.tooMuch(full - met, MOST_LOSS)));
        }
        return figures;
    }

    private static double psnr(NpyArray pictures, Model tokenize, Model detokenize) {
        var rebuilt = Variants.run(detokenize, Variants.run(tokenize, Variants.batches(pictures)));
        return Quality.of(Variants.batches(pictures), rebuilt).psnr();
    }

    private static Map<Way, Double> kept(Variants variants, Map<Way, Double> psnr) {
        var kept = new LinkedHashMap<>(psnr);
        kept.keySet()
                .removeIf(way -> find(variants, Role.TOKENIZE, way.tokenize()) == null
                        || find(variants, Role.DETOKENIZE, way.detokenize()) == null);
        return kept;
    }

    /** The first held-out pictures, what FP32 makes of them and, where a graph of INT8 is kept, what INT8 does. */
    private static List<NpyArray> rebuilt(Variants variants, NpyArray pictures) {
        var first = List.of(Variants.rows(Variants.batches(pictures).get(0), SHOWN));
        var rows = new ArrayList<NpyArray>();
        rows.add(Variants.plain(first.get(0), "pixels"));
        rows.add(decoded(first, variants.model(Role.TOKENIZE), variants.model(Role.DETOKENIZE)));
        var tokenize = find(variants, Role.TOKENIZE, Precision.INT8);
        var detokenize = find(variants, Role.DETOKENIZE, Precision.INT8);
        if (tokenize != null || detokenize != null) {
            rows.add(decoded(
                    first,
                    tokenize == null ? variants.model(Role.TOKENIZE) : tokenize,
                    detokenize == null ? variants.model(Role.DETOKENIZE) : detokenize));
        }
        return rows;
    }

    private static NpyArray decoded(List<Map<String, Item>> pictures, Model tokenize, Model detokenize) {
        return Variants.plain(
                Variants.run(detokenize, Variants.run(tokenize, pictures)).get(0), "pixels");
    }

    /** The graph that is kept in a precision; null where none is. */
    private static @Nullable Model find(Variants variants, Role role, Precision precision) {
        Predicate<Variant> kept = variant -> variant.precision() == precision && variant.isKept();
        return variants.variants(role).stream()
                .filter(kept)
                .map(Variant::model)
                .findFirst()
                .orElse(null);
    }

    private static Model model(Map<Role, Model> models, Role role) {
        var model = models.get(role);
        if (model == null) {
            throw new IllegalStateException("no graph for " + role);
        }
        return model;
    }

    @Override
    public CardSection card(BundleManifest manifest) {
        return new CodecCard(manifest);
    }
}
