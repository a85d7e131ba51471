package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.exporter.file.OnnxPrecision;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.onnx.SourceFiles;
import smalti.exporter.precision.ActivationType;
import smalti.exporter.precision.Calibration;
import smalti.exporter.precision.Int8Options;
import smalti.exporter.precision.Int8Search;

@Command(
        name = "quantize",
        sortOptions = false,
        description = "Turns any ONNX file into INT8, calibrated on samples. Layers that cost too much stay in float "
                + "until held-out samples come out close enough.")
final class QuantizeCommand implements Callable<Integer> {
    /** As the option names them. */
    private enum Way {
        AUTO(null),
        MINMAX(Calibration.MIN_MAX),
        AVERAGED(Calibration.AVERAGED),
        PERCENTILE(Calibration.PERCENTILE),
        ENTROPY(Calibration.ENTROPY),
        MSE(Calibration.MEAN_SQUARE);

        private final @Nullable Calibration calibration;

        Way(@Nullable Calibration calibration) {
            this.calibration = calibration;
        }
    }

    private final Console console;

    @Parameters(index = "0", paramLabel = "MODEL", description = "An ONNX file.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path model;

    @Option(
            names = "--calibrate",
            required = true,
            paramLabel = "DATA",
            description =
                    "Pictures, as for train, or an .npz of arrays named like the model's inputs. A quarter of the "
                            + "samples is held out and judges.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path data;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The ONNX file to write.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    @Option(
            names = "--activations",
            paramLabel = "TYPE",
            defaultValue = "uint8",
            description = "uint8 for x86, int8 for Arm; default ${DEFAULT-VALUE}.")
    String activations = "uint8";

    @Option(
            names = "--calibration",
            paramLabel = "WAY",
            defaultValue = "auto",
            description = "How ranges are learnt: minmax, averaged (the mean of each run's least and greatest), "
                    + "percentile, entropy (Kullback-Leibler) or mse (mean square error); auto, the default, takes "
                    + "whichever comes closest on the held-out samples.")
    String calibration = "auto";

    @Option(
            names = "--least-psnr",
            paramLabel = "DB",
            defaultValue = "35",
            description = "How close floats and pixels must come to FP32; default ${DEFAULT-VALUE}.")
    double leastPsnr;

    @Option(
            names = "--least-agreement",
            paramLabel = "SHARE",
            defaultValue = "0.97",
            description = "Share of whole numbers, such as codes, that must be FP32's; default ${DEFAULT-VALUE}.")
    double leastAgreement;

    @Option(
            names = "--goal-sqnr",
            paramLabel = "DB",
            defaultValue = "33",
            description = "Signal to quantization noise for which more layers stay in float, as long as half of the "
                    + "products are INT8; no gate; 0 for none; default ${DEFAULT-VALUE}.")
    double goalSqnr;

    @Option(
            names = "--max-drop",
            paramLabel = "DB",
            description = "What the worst output may lose, such as 0.1dB: of its PSNR against the input that it "
                    + "rebuilds; where it rebuilds none, 10*log10(1 + noise/signal). The costliest layers stay in float "
                    + "until that holds as well.")
    @Nullable
    String mostDrop;

    @Mixin
    ProofLimits limits = new ProofLimits();

    @Mixin
    PixelOptions pixels = new PixelOptions();

    @Mixin
    private final SkipOption skip = new SkipOption();

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    QuantizeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        return limits.limits().during(this::quantize);
    }

    private int quantize() throws IOException {
        requireShares();
        pixels.requirePictures("--calibrate", data);
        GivenFile.requireModel(model);
        Outputs.requireModel(out, overwrite, data);
        SourceFiles.spareModel(out, model);
        SourceFiles.spare(out, data);
        var options = Int8Options.defaults()
                .withActivations(Choices.of("--activations", activations, ActivationType.values()))
                .withGate(leastPsnr, leastAgreement)
                .withGoalSqnr(goalSqnr)
                .withProgress(console::note);
        var way = Choices.of("--calibration", calibration, Way.values());
        if (way.calibration != null) {
            options = options.withCalibrations(List.of(way.calibration));
        }
        if (mostDrop != null) {
            options = options.withMostDrop(decibels(mostDrop));
        }
        var read = OnnxReader.read(model);
        var samples = CalibrationSamples.read(
                data, read, pixels.scaling(), String.valueOf(model.getFileName()), skip, console);
        var report = OnnxPrecision.int8(model, read, out, samples.calibration(), samples.heldOut(), options);
        report.dropped().forEach(line -> console.warning("dropped: " + line));
        console.line(
                "quantized %s: %d of %d layers: %s",
                model, report.quantized(), report.layers().size(), out);
        for (var layer : report.layers()) {
            console.line(
                    "  %-7s %-5s alone %s  %s",
                    layer.op(), layer.quantized() ? "INT8" : "float", closeness(layer), layer.name());
        }
        for (var refusal : report.refusals()) {
            console.line("  %-7s float %s  %s", refusal.op(), refusal.reason(), refusal.name());
        }
        if (!data.toString().endsWith(".npz")) {
            console.line("pixels went in from %s", pixels);
        }
        console.line(
                "against FP32 on held-out samples: %s; ranges by %s", closeness(report.quality()), described(report));
        console.line("the worst output loses %.3f dB", report.drop());
        console.line(
                "%,d bytes, %,d before; in ONNX Runtime on one core here %s",
                report.bytes(), report.bytesBefore(), report.speed().text());
        if (report.speed().isSlower()) {
            console.warning("slower than FP32 on this machine"
                    + (report.bytes() < report.bytesBefore()
                            ? ": the file is worth its size alone here"
                            : ", and no smaller")
                    + "; processors with instructions for INT8 (VNNI, Arm's dot products) may run it faster");
        }
        return 0;
    }

    private void requireShares() {
        var wrong = new ArrayList<String>();
        if (leastAgreement < 0 || leastAgreement > 1) {
            wrong.add("--least-agreement must be from 0 to 1, got " + leastAgreement);
        }
        if (leastPsnr < 0) {
            wrong.add("--least-psnr must be at least 0 dB, got " + leastPsnr);
        }
        if (goalSqnr < 0) {
            wrong.add("--goal-sqnr must be at least 0 dB, got " + goalSqnr);
        }
        if (!wrong.isEmpty()) {
            throw new WrongUse(wrong);
        }
    }

    private static String described(OnnxPrecision.Int8 report) {
        var words = new ArrayList<String>();
        words.add(Arrays.stream(Way.values())
                .filter(way -> way.calibration != null && way.calibration.name().equals(report.calibration()))
                .map(way -> way.name().toLowerCase(Locale.ROOT))
                .findFirst()
                .orElse(report.calibration()));
        words.addAll(report.steps());
        return String.join(", ", words);
    }

    private static double decibels(String text) {
        var number = text.strip().toLowerCase(Locale.ROOT).replaceFirst("\\s*db$", "");
        try {
            double drop = Double.parseDouble(number);
            if (drop > 0) {
                return drop;
            }
        } catch (NumberFormatException e) {
            throw new WrongUse("--max-drop must be a number of dB, such as 0.1dB, got " + text, e);
        }
        throw new WrongUse("--max-drop must be greater than 0 dB, got " + text);
    }

    private static String closeness(Int8Search.Layer layer) {
        return closeness(layer.alone());
    }

    static String closeness(smalti.exporter.precision.Quality quality) {
        String psnr = Double.isInfinite(quality.psnr())
                ? quality.psnr() > 0 ? "equal" : "broken"
                : String.format(Locale.ROOT, "%.1f dB", quality.psnr());
        var sqnr =
                Double.isInfinite(quality.sqnr()) ? "" : String.format(Locale.ROOT, " (SQNR %.1f dB)", quality.sqnr());
        psnr += sqnr;
        return quality.agreement() == 1
                ? psnr
                : String.format(Locale.ROOT, "%.2f%% agree", 100 * quality.agreement())
                        + (psnr.equals("equal") ? "" : ", " + psnr);
    }
}
