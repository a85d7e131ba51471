package smalti.exporter.proof;

import java.util.LinkedHashMap;
import java.util.Map;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Role;
import smalti.spec.file.NpyArray;

/**
 * What a bundle carries for whoever serves it to compare with: inputs, and what SameDiff makes of them, as
 * {@link BundleManifest#PARITY_FILE} holds them.
 */
public final class ParitySamples {
    private static final int SAMPLES = 2;

    private ParitySamples() {}

    /**
     * Of tokenize and detokenize.
     *
     * @param sources of the run folder's graphs
     * @param heldOut [M,H,W,C] uint8; the first ones are taken
     */
    public static Map<String, NpyArray> ofCodec(
            Contract.Pixels contract, Map<Role, SameDiffRunner> sources, NpyArray heldOut) {
        int count = (int) Math.min(SAMPLES, heldOut.shape().get(0));
        var pictures = heldOut.rows(0, count);
        var latents = run(sources, Role.ENCODER, "image", PixelConversion.floats(pictures, contract), "latents");
        var codes = run(sources, Role.CODEBOOK, "latents", latents, "codes");
        var quantized = run(sources, Role.LOOKUP, "codes", codes, "quantized");
        var image = run(sources, Role.DECODER, "quantized", quantized, "image");
        var samples = new LinkedHashMap<String, NpyArray>();
        samples.put("tokenize.pixels", pictures);
        samples.put("tokenize.codes", codes);
        samples.put("detokenize.codes", codes);
        samples.put("detokenize.pixels", PixelConversion.levels(image, contract));
        return samples;
    }

    /**
     * Of a generator.
     *
     * @param length of the noise
     * @param classes how many there are; 0 where the generator takes none
     */
    public static Map<String, NpyArray> ofGenerator(
            Contract.Pixels contract, int length, int classes, SameDiffRunner source, long seed) {
        var inputs = GeneratorProver.inputs(new Batch("seeded noise", 0, SAMPLES), length, classes, seed);
        var samples = new LinkedHashMap<String, NpyArray>();
        inputs.forEach((input, values) -> samples.put("generator." + input, values));
        samples.put("generator.pixels", PixelConversion.levels(Sessions.output(source.run(inputs), "image"), contract));
        return samples;
    }

    private static NpyArray run(
            Map<Role, SameDiffRunner> sources, Role role, String input, NpyArray values, String output) {
        var source = sources.get(role);
        if (source == null) {
            throw new IllegalStateException("no source for " + role);
        }
        return Sessions.output(source.run(Map.of(input, values)), output);
    }
}
