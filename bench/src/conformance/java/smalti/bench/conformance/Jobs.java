package smalti.bench.conformance;

import ai.onnxruntime.OrtException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.NpyArray;
import smalti.spec.file.RecordTree;
import smalti.trainer.data.Pictures;

/**
 * Jobs for every graph of a bundle. What goes in is what comes out of the graph before: pictures, their latents, their
 * codes; so that every consumer gets the same.
 */
final class Jobs {
    private static final int ROWS = 2;
    private static final int CANDIDATES = 32;
    /** A code whose distance is nearer than this share of the largest to another's may be either. */
    private static final double NEAR_TIE = 1e-4;

    private final String name;
    private final Path bundle;
    private final BundleManifest manifest;
    private final Map<String, NpyArray> tensors = new LinkedHashMap<>();

    private Jobs(String name, Path bundle) {
        this.name = name;
        this.bundle = bundle;
        this.manifest = RecordTree.read(bundle.resolve(BundleManifest.FILE), BundleManifest.class);
    }

    static List<Job> of(String name, Path bundle) throws OrtException {
        var jobs = new Jobs(name, bundle);
        var contracts = jobs.manifest.contracts();
        if (contracts.has(Contract.Codebook.class)) {
            jobs.codecInputs();
        }
        if (contracts.has(Contract.Noise.class)) {
            jobs.generatorInputs();
        }
        if (contracts.has(Contract.Posterior.class)) {
            jobs.posteriorInputs();
        }
        return jobs.all();
    }

    private List<Job> all() {
        var jobs = new ArrayList<Job>();
        manifest.graphs().forEach((key, graph) -> {
            var inputs = new LinkedHashMap<String, NpyArray>();
            graph.signature().inputs().forEach(input -> inputs.put(input.name(), tensor(input.name())));
            for (var precision : Precision.values()) {
                graph.file(precision)
                        .ifPresent(file -> jobs.add(new Job(
                                name + "-" + file.replace(".onnx", ""),
                                name,
                                bundle.resolve(file),
                                inputs,
                                graph.signature().outputs().stream()
                                        .map(TensorSpec::name)
                                        .toList())));
            }
        });
        return jobs;
    }

    private NpyArray tensor(String name) {
        return Objects.requireNonNull(tensors.get(name), () -> "no input is made for " + name);
    }

    private void generatorInputs() {
        int length = manifest.contracts().get(Contract.Noise.class).length();
        var random = new CounterRandom(7, CounterRandom.GENERATION);
        var noise = new float[ROWS * length];
        for (int i = 0; i < ROWS; i++) {
            random.normals(i, noise, i * length, length);
        }
        tensors.put("noise", NpyArray.of(noise, ROWS, length));
        tensors.put("class", NpyArray.of(new long[] {1, 8}, ROWS));
    }

    private void posteriorInputs() throws OrtException {
        tensors.put("pixels", pixels(SmallBundles.pictures(name, ROWS)));
        tensors.put("latents", run("posterior", "mean"));
    }

    private void codecInputs() throws OrtException {
        var pictures = SmallBundles.pictures(name, CANDIDATES);
        var chosen = new ArrayList<Integer>();
        for (int i = 0; i < CANDIDATES && chosen.size() < ROWS; i++) {
            if (!hasNearTie(pictures, i)) {
                chosen.add(i);
            }
        }
        if (chosen.size() < ROWS) {
            throw new IllegalStateException(name + ": nearly every picture has a code that lies between two");
        }
        var rows = pictures.subset(chosen.stream().mapToInt(Integer::intValue).toArray());
        tensors.put("pixels", pixels(rows));
        tensors.put("image", image(rows));
        tensors.put("latents", run("encoder", "latents"));
        tensors.put("codes", run("codebook", "codes"));
        tensors.put("quantized", run("lookup", "quantized"));
    }

    private boolean hasNearTie(Pictures pictures, int i) throws OrtException {
        tensors.put("image", image(pictures.subset(i)));
        var latents = run("encoder", "latents"); // [1, D, h, w]
        int codes = manifest.contracts().get(Contract.Codebook.class).codes();
        var every = new long[codes];
        Arrays.setAll(every, code -> code);
        tensors.put("codes", NpyArray.of(every, codes, 1, 1));
        var vectors = run("lookup", "quantized").floats(); // [K, D, 1, 1]
        int depth = Math.toIntExact(latents.shape().get(1));
        var values = latents.floats();
        int places = values.length / depth;
        for (int place = 0; place < places; place++) {
            var distances = new double[codes];
            for (int k = 0; k < codes; k++) {
                for (int d = 0; d < depth; d++) {
                    double difference = values[d * places + place] - vectors[k * depth + d];
                    distances[k] += difference * difference;
                }
            }
            Arrays.sort(distances);
            if (distances[1] - distances[0] < NEAR_TIE * distances[codes - 1]) {
                return true;
            }
        }
        return false;
    }

    private NpyArray run(String role, String output) throws OrtException {
        var graph = Objects.requireNonNull(manifest.graphs().get(role), role);
        var inputs = new LinkedHashMap<String, NpyArray>();
        graph.signature().inputs().forEach(input -> inputs.put(input.name(), tensor(input.name())));
        var outputs = Consumer.OnnxRuntimeJava.run(bundle.resolve(graph.file()), inputs);
        return Objects.requireNonNull(outputs.get(output), output);
    }

    private static NpyArray pixels(Pictures pictures) {
        return NpyArray.of(
                pictures.pixels(), pictures.count(), pictures.height(), pictures.width(), pictures.channels());
    }

    private NpyArray image(Pictures pictures) {
        var indices = new int[pictures.count()];
        Arrays.setAll(indices, i -> i);
        var image = new float[pictures.count() * pictures.pictureBytes()];
        pictures.fillNchw(indices, manifest.pixels().lo(), manifest.pixels().hi(), image);
        return NpyArray.of(image, pictures.count(), pictures.channels(), pictures.height(), pictures.width());
    }
}
