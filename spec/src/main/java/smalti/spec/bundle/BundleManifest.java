package smalti.spec.bundle;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import smalti.spec.Check;

/**
 * {@code bundle.json}: what a bundle holds.
 *
 * @param graphs by {@link Role#fileStem()}
 * @param contracts what the model takes and gives: pixels in every bundle
 * @param files SHA-256 of every other file in the bundle, by name
 * @param sha256 of this record's own JSON without this key; null before it is sealed
 */
public record BundleManifest(
        int format,
        String name,
        int opset,
        Map<String, Graph> graphs,
        Contracts contracts,
        Provenance provenance,
        Map<String, String> files,
        @Nullable String sha256) {
    public static final int FORMAT = 2;
    public static final String FILE = "bundle.json";

    /**
     * Inputs of the graphs that services run, and what the trained model makes of them before any export, by
     * {@code role.tensor}. Older bundles do not have it.
     */
    public static final String PARITY_FILE = "parity.npz";

    private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    /**
     * @param proof how the graph was compared with its source before it was written
     * @param variants the same graph in other precisions, by {@link Precision#key}; null where there is none
     */
    public record Graph(
            String file,
            Signature signature,
            Proof proof,
            @Nullable Map<String, Variant> variants) {
        public Graph {
            var check =
                    Check.that(BundleManifest.isPlainName(file), "file must be a plain file name, got \"%s\"", file);
            if (variants != null) {
                for (var key : variants.keySet()) {
                    check.and(isReduced(key), "variants must be of fp16 or int8, got \"%s\"", key);
                }
            }
            check.done();
        }

        private static boolean isReduced(String key) {
            for (var precision : Precision.values()) {
                if (precision != Precision.FP32 && precision.key().equals(key)) {
                    return true;
                }
            }
            return false;
        }

        public Graph(String file, Signature signature, Proof proof) {
            this(file, signature, proof, null);
        }

        /** The file of a precision; empty where the bundle has none. */
        public Optional<String> file(Precision precision) {
            if (precision == Precision.FP32) {
                return Optional.of(file);
            }
            return Optional.ofNullable(variants)
                    .map(all -> all.get(precision.key()))
                    .map(Variant::file);
        }
    }

    /**
     * A graph in another precision, compared with FP32 on held-out samples.
     *
     * @param psnr peak signal-to-noise ratio in dB of the pixels; null where they are equal or there are none
     * @param agreement share of equal codes; null where the graph gives none
     * @param reconstructionLoss dB that pictures lose against their originals when this graph stands in for the FP32
     *     one; negative where they gain; null where nothing is reconstructed
     */
    public record Variant(
            String file,
            @Nullable Double psnr,
            @Nullable Double agreement,
            @Nullable Double reconstructionLoss) {
        public Variant {
            Check.that(BundleManifest.isPlainName(file), "file must be a plain file name, got \"%s\"", file)
                    .done();
        }
    }

    /**
     * SameDiff against ONNX Runtime on the same inputs, seeded ones and held-out pictures.
     *
     * @param samples how many inputs (batch rows) were compared
     * @param maxDifference largest |difference| of a float output (for pixels: in levels of 1/255)
     * @param meanDifference mean |difference|
     * @param range largest minus smallest value of SameDiff's output; {@code maxDifference} is at most 1e-4 of it
     * @param codes how many codes were compared
     * @param codesDiffering how many differed, each within the rounding that its near tie allows
     * @param histogram how many elements of the output differ by exactly 0, by less than 1e-9, by 1e-9 to 1e-8 and so on to
     *     1, and by 1 or more; null in older bundles
     */
    public record Proof(
            int samples,
            double maxDifference,
            double meanDifference,
            double range,
            long codes,
            long codesDiffering,
            @Nullable List<Long> histogram) {
        public Proof(
                int samples,
                double maxDifference,
                double meanDifference,
                double range,
                long codes,
                long codesDiffering) {
            this(samples, maxDifference, meanDifference, range, codes, codesDiffering, null);
        }
    }

    public BundleManifest {
        var check = Check.that(format == FORMAT, "format must be %s, got %s", FORMAT, format)
                .and(!graphs.isEmpty(), "graphs must not be empty")
                .and(contracts.has(Contract.Pixels.class), "contracts.pixels is missing");
        var codebook = contracts.find(Contract.Codebook.class);
        check.and(
                codebook.isEmpty() || codebook.get().fingerprint() != null,
                "contracts.codebook.fingerprint is missing");
        for (var entry : graphs.entrySet()) {
            var graph = entry.getValue();
            check.and(
                    files.containsKey(graph.file()),
                    "files must list %s (graphs.%s), but does not",
                    graph.file(),
                    entry.getKey());
            var variants = graph.variants() == null ? Map.<String, Variant>of() : graph.variants();
            for (var variant : variants.entrySet()) {
                check.and(
                        files.containsKey(variant.getValue().file()),
                        "files must list %s (graphs.%s.variants.%s), but does not",
                        variant.getValue().file(),
                        entry.getKey(),
                        variant.getKey());
            }
        }
        for (var entry : files.entrySet()) {
            var file = entry.getKey();
            var hash = entry.getValue();
            check.and(isPlainName(file), "files must be named by plain file names, got \"%s\"", file)
                    .and(SHA_256.matcher(hash).matches(), "files.%s must be a SHA-256, got \"%s\"", file, hash);
        }
        check.done();
    }

    public Contract.Pixels pixels() {
        return contracts.get(Contract.Pixels.class);
    }

    /** The same with other contracts; not sealed. */
    public BundleManifest withContracts(Contracts others) {
        return new BundleManifest(format, name, opset, graphs, others, provenance, files, null);
    }

    /**
     * The same with another checksum.
     *
     * @param checksum null: not sealed
     */
    public BundleManifest withSha256(@Nullable String checksum) {
        return new BundleManifest(format, name, opset, graphs, contracts, provenance, files, checksum);
    }

    /**
     * A part of the bundle, not sealed: some of its graphs, in FP32 alone.
     *
     * @param roles of the graphs, by {@link Role#fileStem()}
     * @param kept files of the bundle that are in the part
     */
    public BundleManifest part(Set<String> roles, Set<String> kept) {
        var someGraphs = new LinkedHashMap<String, Graph>();
        graphs.forEach((role, graph) -> {
            if (roles.contains(role)) {
                someGraphs.put(role, new Graph(graph.file(), graph.signature(), graph.proof()));
            }
        });
        var someFiles = new LinkedHashMap<>(files);
        someFiles.keySet().retainAll(kept);
        return new BundleManifest(format, name, opset, someGraphs, contracts, provenance, someFiles, null);
    }

    private static boolean isPlainName(String file) {
        return PLAIN_NAME.matcher(file).matches();
    }
}
