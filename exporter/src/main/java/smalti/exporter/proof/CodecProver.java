package smalti.exporter.proof;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.CounterRandom;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest.Proof;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.Role;
import smalti.spec.file.NpyArray;

/**
 * Proves encoder, codebook, lookup, decoder, tokenize and detokenize: on pictures of noise in two sizes, on codes of
 * noise, and on the held-out pictures. Each graph is given what SameDiff made one step before, so that differences do
 * not add up; tokenize and detokenize are compared from end to end.
 */
public final class CodecProver {
    private static final int PICTURE_STREAM = 101;
    private static final int CODE_STREAM = 102;
    private static final int SEEDED = 2;
    private static final int MOST_BATCH = 32;

    /** Bound on one batch's distances [N,h,w,K], in floats. */
    private static final long MOST_DISTANCES = 1L << 26;

    private final Contract.Pixels contract;
    private final Map<Role, SameDiffRunner> sources;
    private final long seed;
    private final Sessions exported;
    private final ModelSession watchedTokenize;
    private final NpyArray firstPictures;
    private final CodeTable table;

    private final FloatComparison latents = new FloatComparison("encoder.onnx: latents");
    private final FloatComparison tokenizeLatents = new FloatComparison("tokenize.onnx: latents");
    private final FloatComparison codebookQuantized = new FloatComparison("codebook.onnx: quantized");
    private final FloatComparison lookupQuantized = new FloatComparison("lookup.onnx: quantized");
    private final FloatComparison image = new FloatComparison("decoder.onnx: image");
    private final CodeComparison codes;
    private final CodeComparison tokenizeCodes;
    private final PixelComparison pixels;

    private CodecProver(
            Contract.Pixels contract,
            int codes,
            Map<Role, SameDiffRunner> sources,
            Sessions exported,
            ModelSession watchedTokenize,
            long seed) {
        this.contract = contract;
        this.sources = sources;
        this.exported = exported;
        this.watchedTokenize = watchedTokenize;
        this.seed = seed;
        this.firstPictures = noise(0, contract.height(), contract.width());
        this.table = table(codes);
        this.codes = new CodeComparison("codebook.onnx: code", table);
        this.tokenizeCodes = new CodeComparison("tokenize.onnx: code", table);
        this.pixels = new PixelComparison("detokenize.onnx: pixels", contract);
    }

    /**
     * Compares all.
     *
     * @param codes K
     * @param imageAxes of the encoder's image, to know whether other sizes can be tried
     * @param sources of the run folder's graphs
     * @param folder of the exported graphs
     * @param watchedTokenize tokenize with its latents as a second output
     * @param heldOut [M,H,W,C] uint8
     * @return the figures by role
     * @throws ProofException listing every graph that does not do what its source does
     */
    public static Map<Role, Proof> prove(
            Contract.Pixels contract,
            int codes,
            List<Dimension> imageAxes,
            Map<Role, SameDiffRunner> sources,
            Path folder,
            Path watchedTokenize,
            NpyArray heldOut,
            long seed,
            Consumer<String> progress) {
        var roles = EnumSet.of(Role.ENCODER, Role.CODEBOOK, Role.LOOKUP, Role.DECODER, Role.TOKENIZE, Role.DETOKENIZE);
        try (var exported = new Sessions(folder, roles);
                var watched = ModelSession.openOnAllCores(watchedTokenize)) {
            var prover = new CodecProver(contract, codes, sources, exported, watched, seed);
            progress.accept("proving on seeded pictures and codes");
            prover.seeded(imageAxes);
            int most = Math.toIntExact(heldOut.shape().get(0));
            int batch = prover.batchSize();
            for (int first = 0; first < most; first += batch) {
                int size = Math.min(batch, most - first);
                progress.accept("proving on held-out pictures " + (first + size) + "/" + most);
                prover.pictures(new Batch("held-out picture", first, size), heldOut.rows(first, size));
            }
            return prover.figures();
        }
    }

    private void seeded(List<Dimension> imageAxes) {
        var batch = new Batch("seeded picture", 0, SEEDED);
        var latents = pictures(batch, firstPictures);
        checkTable(latents.codes(), new Latents(latents.latents()));
        var height = imageAxes.get(2);
        var width = imageAxes.get(3);
        if (!height.isFixed() && !width.isFixed()) {
            // another size, and not a square one: height and width must not have been swapped anywhere
            long otherHeight = height.factor() * ((3 * (contract.height() / height.factor()) + 1) / 2);
            long otherWidth = width.factor() * ((3 * (contract.width() / width.factor()) + 1) / 2 + 1);
            pictures(
                    new Batch("seeded picture of " + otherHeight + "x" + otherWidth, SEEDED, SEEDED),
                    noise(SEEDED, Math.toIntExact(otherHeight), Math.toIntExact(otherWidth)));
        }
        codes(new Batch("seeded codes", 0, SEEDED), codes(latents.codes().shape()));
    }

    private record Encoded(NpyArray latents, NpyArray codes) {}

    private Encoded pictures(Batch batch, NpyArray pictures) {
        var image = Map.of("image", PixelConversion.floats(pictures, contract));
        var latents = source(Role.ENCODER, image, "latents");
        this.latents.add(batch, latents, Sessions.output(exported.run(Role.ENCODER, image), "latents"));

        var places = new Latents(latents);
        var wanted = sources(Role.CODEBOOK, Map.of("latents", latents));
        var got = exported.run(Role.CODEBOOK, Map.of("latents", latents));
        var codes = Sessions.output(wanted, "codes");
        this.codes.add(batch, codes, Sessions.output(got, "codes"), places, places);
        var wantedCodes = codes.longs();
        var gotCodes = Sessions.output(got, "codes").longs();
        codebookQuantized.add(batch, Sessions.output(wanted, "quantized"), Sessions.output(got, "quantized"), index -> {
            int place = places.place(index);
            return wantedCodes[place] == gotCodes[place];
        });

        var tokenized = Sessions.output(exported.run(Role.TOKENIZE, Map.of("pixels", pictures)), "codes");
        var moved = Sessions.output(watchedTokenize.runArrays(Map.of("pixels", pictures)), "latents");
        tokenizeLatents.add(batch, latents, moved);
        tokenizeCodes.add(batch, codes, tokenized, places, new Latents(moved));
        codes(batch, codes);
        return new Encoded(latents, codes);
    }

    private void codes(Batch batch, NpyArray codes) {
        var input = Map.of("codes", codes);
        var quantized = source(Role.LOOKUP, input, "quantized");
        lookupQuantized.add(batch, quantized, Sessions.output(exported.run(Role.LOOKUP, input), "quantized"));
        var decoded = source(Role.DECODER, Map.of("quantized", quantized), "image");
        image.add(batch, decoded, Sessions.output(exported.run(Role.DECODER, Map.of("quantized", quantized)), "image"));
        pixels.add(batch, decoded, Sessions.output(exported.run(Role.DETOKENIZE, input), "pixels"));
    }

    private Map<Role, Proof> figures() {
        var problems = Stream.of(
                        latents.problems(),
                        codes.problems(),
                        codebookQuantized.problems(),
                        lookupQuantized.problems(),
                        image.problems(),
                        tokenizeLatents.problems(),
                        tokenizeCodes.problems(),
                        pixels.problems())
                .flatMap(List::stream)
                .toList();
        if (!problems.isEmpty()) {
            throw new ProofException(problems);
        }
        var figures = new EnumMap<Role, Proof>(Role.class);
        figures.put(Role.ENCODER, latents.proof());
        figures.put(Role.CODEBOOK, codes.proof(codebookQuantized));
        figures.put(Role.LOOKUP, lookupQuantized.proof());
        figures.put(Role.DECODER, image.proof());
        figures.put(Role.TOKENIZE, tokenizeCodes.proof(tokenizeLatents));
        figures.put(Role.DETOKENIZE, pixels.proof());
        return figures;
    }

    /** Looks up all codes, in the places of as many latents as it takes. */
    private CodeTable table(int codes) {
        var latents = source(Role.ENCODER, Map.of("image", PixelConversion.floats(firstPictures, contract)), "latents");
        long height = latents.shape().get(2);
        long width = latents.shape().get(3);
        int batch = Math.toIntExact((codes + height * width - 1) / (height * width));
        var all = new long[Math.toIntExact(batch * height * width)];
        for (int i = 0; i < all.length; i++) {
            all[i] = i % codes;
        }
        return new CodeTable(
                codes, source(Role.LOOKUP, Map.of("codes", NpyArray.of(all, batch, height, width)), "quantized"));
    }

    /** The allowances below are right only if the codebook chooses by distance to the vectors that lookup gives. */
    private void checkTable(NpyArray codes, Latents latents) {
        var chosen = codes.longs();
        for (int place = 0; place < chosen.length; place++) {
            int nearest = table.nearest(latents, place);
            if (chosen[place] < 0 || chosen[place] >= table.codes()) {
                throw new SpecException("codebook: codes must be from 0 to " + (table.codes() - 1) + ", SameDiff gives "
                        + chosen[place]);
            }
            int code = (int) chosen[place];
            double gap = table.distance(latents, place, code) - table.distance(latents, place, nearest);
            if (!(gap <= table.rounding(latents, place, code, nearest))) {
                throw new SpecException("codebook: SameDiff chooses code " + code + " at place " + place
                        + " of the seeded pictures, but lookup's vector of code " + nearest + " is nearer by " + gap
                        + "; codebook and lookup must hold the same vectors");
            }
        }
    }

    private int batchSize() {
        var latents = source(Role.ENCODER, Map.of("image", PixelConversion.floats(firstPictures, contract)), "latents");
        long places = latents.shape().get(2) * latents.shape().get(3);
        return Math.toIntExact(Math.max(1, Math.min(MOST_BATCH, MOST_DISTANCES / (places * table.codes()))));
    }

    private NpyArray noise(int first, int height, int width) {
        var random = new CounterRandom(seed, PICTURE_STREAM);
        return SeededInputs.pictures(random, first, SEEDED, height, width, contract);
    }

    private NpyArray codes(List<Long> shape) {
        var random = new CounterRandom(seed, CODE_STREAM);
        var codes = new long[Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact))];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (long) (random.uniform(0, i) * table.codes());
        }
        return NpyArray.of(codes, shape.stream().mapToLong(Long::longValue).toArray());
    }

    private NpyArray source(Role role, Map<String, NpyArray> inputs, String output) {
        return Sessions.output(sources(role, inputs), output);
    }

    private Map<String, NpyArray> sources(Role role, Map<String, NpyArray> inputs) {
        var source = sources.get(role);
        if (source == null) {
            throw new IllegalStateException("no source for " + role);
        }
        return source.run(inputs);
    }
}
