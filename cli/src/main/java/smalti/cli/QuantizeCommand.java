package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.exporter.OnnxPrecision;
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
            description = "min-max or percentile; default: whichever comes closer.")
    @Nullable
    String calibration;

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

    @Mixin
    PixelOptions pixels = new PixelOptions();

    QuantizeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Outputs.requireFile(out);
        SourceFiles.spare(out, model, data);
        var options = Int8Options.defaults()
                .withActivations(Choices.of("--activations", activations, ActivationType.values()))
                .withGate(leastPsnr, leastAgreement)
                .withProgress(console::note);
        if (calibration != null) {
            options = options.withCalibrations(List.of(Choices.of("--calibration", calibration, Calibration.values())));
        }
        var read = OnnxReader.read(model);
        var samples = CalibrationSamples.read(data, read, pixels.scaling(), String.valueOf(model.getFileName()));
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
                "against FP32 on held-out samples: %s; ranges by %s",
                closeness(report.quality()), report.calibration());
        console.line(
                "%,d bytes, %,d before; in ONNX Runtime on one core here %s",
                report.bytes(), report.bytesBefore(), report.speed().text());
        return 0;
    }

    private static String closeness(Int8Search.Layer layer) {
        return closeness(layer.alone());
    }

    static String closeness(smalti.exporter.precision.Quality quality) {
        var psnr = Double.isInfinite(quality.psnr())
                ? quality.psnr() > 0 ? "equal" : "broken"
                : String.format(Locale.ROOT, "%.1f dB", quality.psnr());
        return quality.agreement() == 1
                ? psnr
                : String.format(Locale.ROOT, "%.2f%% agree", 100 * quality.agreement())
                        + (psnr.equals("equal") ? "" : ", " + psnr);
    }
}
