package smalti.exporter.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import smalti.exporter.graph.Model;
import smalti.exporter.onnx.Annotations;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.onnx.SourceFiles;
import smalti.exporter.precision.HalfPrecision;
import smalti.exporter.precision.Int8Options;
import smalti.exporter.precision.Int8Search;
import smalti.exporter.precision.Quality;
import smalti.exporter.precision.Refusal;
import smalti.exporter.precision.Speed;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.SpecException;

/** Turns any ONNX file into one of fewer bits, judged against the first. */
public final class OnnxPrecision {
    private OnnxPrecision() {}

    /**
     * @param nodes that compute in FP16
     * @param islands those that stay in FP32 because of the range of their numbers
     * @param quality against the FP32 file
     * @param dropped what the file says of nodes and values that are gone, one line a kind
     */
    public record Half(
            int nodes, List<String> islands, Quality quality, long bytesBefore, long bytes, List<String> dropped) {
        public Half {
            islands = List.copyOf(islands);
            dropped = List.copyOf(dropped);
        }
    }

    /**
     * @param layers all that could be INT8
     * @param refusals the layers that could not
     * @param steps what was done besides calibrating
     * @param drop in dB that the worst output loses, as {@link smalti.exporter.precision.Drop} has it
     * @param speed beside the FP32 file in ONNX Runtime, on one core of this machine
     */
    public record Int8(
            List<Int8Search.Layer> layers,
            List<Refusal> refusals,
            String calibration,
            List<String> steps,
            Quality quality,
            double drop,
            Speed.Ratio speed,
            long bytesBefore,
            long bytes,
            List<String> dropped) {
        public Int8 {
            layers = List.copyOf(layers);
            dropped = List.copyOf(dropped);
            refusals = List.copyOf(refusals);
            steps = List.copyOf(steps);
        }

        public long quantized() {
            return layers.stream().filter(Int8Search.Layer::quantized).count();
        }
    }

    /**
     * Writes a model in FP16, with islands in FP32; its inputs and outputs keep their types.
     *
     * @param samples inputs of runs that show which numbers the values take and that the result is judged on; none for inputs made
     *     up from a seed
     * <p>A CPU computes such a file in FP32 between its casts, so what is judged here is its rounding at the casts; that no
     * number is beyond FP16 rests on the samples' greatest ones, with a margin of 4.
     *
     * @throws SpecException if the file is unsound, cannot be run, no node can be in FP16, or the result is further than
     *     40 dB from FP32 or has fewer than 99% of its whole numbers; nothing is written then
     */
    public static Half half(Path file, Path out, List<Map<String, Item>> samples, long seed) throws IOException {
        return half(file, OnnxReader.read(file), out, samples, seed);
    }

    /** The same of a file that was read already. */
    public static Half half(Path file, Model model, Path out, List<Map<String, Item>> samples, long seed)
            throws IOException {
        SourceFiles.spareModel(out, file);
        var place = String.valueOf(file.getFileName());
        var inputs = samples.isEmpty() ? seeded(model, seed, place) : samples;
        var result = HalfPrecision.convert(Annotations.withoutTraining(model), inputs, place);
        var quality = quality(model, result.model(), inputs, place);
        var least = HalfPrecision.LEAST_QUALITY;
        if (quality.lost() > 0) {
            throw new SpecException(place + ": not written: in FP16 " + quality.lost()
                    + " numbers of the outputs are NaN or infinite that are not so in FP32, or the other way round");
        }
        if (!quality.isAtLeast(least)) {
            throw new SpecException(String.format(
                    Locale.ROOT,
                    "%s: not written: in FP16 it must come within %.0f dB of FP32 and %.0f%% of its whole numbers, and comes"
                            + " within %.1f dB and %.1f%%",
                    place,
                    least.psnr(),
                    100 * least.agreement(),
                    quality.psnr(),
                    100 * quality.agreement()));
        }
        long before = Files.size(file);
        write(result.model(), out);
        return new Half(
                result.nodes(),
                result.islands(),
                quality,
                before,
                Files.size(out),
                Annotations.dropped(model, result.model()));
    }

    /**
     * Writes a model in INT8.
     *
     * @param calibration inputs of the runs that ranges are learnt from
     * @param heldOut inputs of the runs that the result is judged on
     * @throws SpecException if the file is unsound, cannot be run, or no layer can be INT8 within the gate; nothing is
     *     written then
     */
    public static Int8 int8(
            Path file,
            Path out,
            List<Map<String, Item>> calibration,
            List<Map<String, Item>> heldOut,
            Int8Options options)
            throws IOException {
        return int8(file, OnnxReader.read(file), out, calibration, heldOut, options);
    }

    /** The same of a file that was read already. */
    public static Int8 int8(
            Path file,
            Model model,
            Path out,
            List<Map<String, Item>> calibration,
            List<Map<String, Item>> heldOut,
            Int8Options options)
            throws IOException {
        SourceFiles.spareModel(out, file);
        var place = String.valueOf(file.getFileName());
        var result = Int8Search.search(Annotations.withoutTraining(model), calibration, heldOut, options, place);
        if (result.quantized() == 0) {
            throw new SpecException(place + ": not written: no layer can be INT8 within " + options.leastPsnr()
                    + " dB of FP32 and " + Math.round(100 * options.leastAgreement())
                    + "% of its whole numbers"
                    + (Double.isInfinite(options.mostDrop()) ? "" : " and a drop of " + options.mostDrop() + " dB")
                    + "; a lower gate or other samples may help");
        }
        long before = Files.size(file);
        var speeds = Speed.compare(List.of(model, result.model()), heldOut.subList(0, 1), Speed.THOROUGH);
        write(result.model(), out);
        return new Int8(
                result.layers(),
                result.refusals(),
                result.calibration().name(),
                result.steps(),
                result.quality(),
                result.drop(),
                speeds.get(1).comparedWith(speeds.get(0)),
                before,
                Files.size(out),
                Annotations.dropped(model, result.model()));
    }

    private static void write(Model model, Path out) throws IOException {
        OnnxWriter.write(model, out, OnnxWriter.EXTERNAL_DATA_ABOVE, unfinished -> {
            var problems = OnnxFileCheck.faults(unfinished);
            if (!problems.isEmpty()) {
                throw new SpecException(problems);
            }
        });
    }

    private static List<Map<String, Item>> seeded(Model model, long seed, String place) {
        try (var session = ModelSession.open(model, place)) {
            return SeededRun.of(session, model, ProofOptions.defaults().withSeed(seed), place)
                    .inputs();
        }
    }

    private static Quality quality(Model model, Model other, List<Map<String, Item>> inputs, String place) {
        // FP32 as written: a fault of a fusion in both would hide itself
        try (var one = ModelSession.openAsWritten(model, place);
                var two = ModelSession.open(other, place + " in FP16")) {
            return Quality.of(
                    inputs.stream().map(one::run).toList(),
                    inputs.stream().map(two::run).toList());
        }
    }
}
