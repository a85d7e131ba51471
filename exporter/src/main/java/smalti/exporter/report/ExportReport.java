package smalti.exporter.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.spec.bundle.BundleManifest.Proof;

/**
 * What was proven and measured while a bundle was made.
 *
 * @param bundle the checksum that the bundle's manifest is sealed with
 * @param machine where times were measured
 * @param reconstruction peak signal-to-noise ratio in dB of held-out pictures, by the precisions of the
 *     graphs; null of models that reconstruct nothing
 * @param heldOut how many pictures that is of
 */
public record ExportReport(
        String name,
        String bundle,
        int opset,
        String machine,
        List<GraphReport> graphs,
        @Nullable Map<String, Double> reconstruction,
        int heldOut) {
    public ExportReport {
        graphs = List.copyOf(graphs);
        reconstruction =
                reconstruction == null ? null : Collections.unmodifiableMap(new LinkedHashMap<>(reconstruction));
    }

    /**
     * A graph of the bundle.
     *
     * @param nodesBefore as lowered, before the passes
     * @param passes nodes that each pass took away; negative where it added some
     * @param ops how many nodes there are of each operator
     * @param flops of one picture of the bundle's own size, a multiply-add being 2; null where part of it is unknown
     * @param checker what the check of the written file said
     * @param precisions FP32 first
     */
    public record GraphReport(
            String role,
            int nodesBefore,
            int nodes,
            Map<String, Integer> passes,
            Map<String, Integer> ops,
            long parameters,
            @Nullable Long flops,
            String checker,
            Proof proof,
            List<PrecisionReport> precisions) {
        public GraphReport {
            passes = Collections.unmodifiableMap(new LinkedHashMap<>(passes));
            ops = Collections.unmodifiableMap(new LinkedHashMap<>(ops));
            precisions = List.copyOf(precisions);
        }
    }

    /**
     * A graph in one precision.
     *
     * @param file null where it was not kept
     * @param why it was not kept; null where it was
     * @param psnr in dB against FP32; null where nothing differs or there are no pixels
     * @param agreement share of the codes that are FP32's; null where there are none
     * @param reconstructionLoss in dB; null where nothing is reconstructed
     * @param divergence in nats a picture of its distributions from those of FP32; null where there are none
     * @param milliseconds of a run of one picture and of sixteen, on one core; null where it was not measured
     * @param timesAsFast as FP32, over both; null where it was not measured
     * @param memoryBytes weights, and values that live at once, for a picture; null where part of it is unknown
     * @param calibration how ranges were learnt; null except for INT8
     * @param layers those that can be INT8; empty except for INT8
     * @param islands nodes that stay in FP32 for their range; empty except for FP16
     */
    public record PrecisionReport(
            String precision,
            @Nullable String file,
            @Nullable String why,
            long bytes,
            @Nullable Double psnr,
            @Nullable Double agreement,
            @Nullable Double reconstructionLoss,
            @Nullable Double divergence,
            @Nullable List<Double> milliseconds,
            @Nullable Double timesAsFast,
            @Nullable Long memoryBytes,
            @Nullable String calibration,
            List<LayerReport> layers,
            List<String> islands) {
        public PrecisionReport {
            milliseconds = milliseconds == null ? null : List.copyOf(milliseconds);
            layers = List.copyOf(layers);
            islands = List.copyOf(islands);
        }
    }

    /**
     * What a layer costs that alone is INT8.
     *
     * @param psnr in dB against FP32; null where nothing differs or there are no pixels
     * @param agreement share of the codes that are FP32's; null where there are none
     * @param quantized whether it is INT8 in the file
     */
    public record LayerReport(
            String name,
            String op,
            @Nullable Double psnr,
            @Nullable Double agreement,
            boolean quantized) {}
}
