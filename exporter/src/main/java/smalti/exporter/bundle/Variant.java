package smalti.exporter.bundle;

import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.ValueType;
import smalti.exporter.precision.Quality;
import smalti.exporter.precision.Speed;
import smalti.exporter.report.ExportReport.LayerReport;
import smalti.spec.bundle.Precision;

/**
 * A graph in one precision.
 *
 * @param why it is not kept; null where it is
 * @param quality against FP32; null for FP32 itself
 * @param loss in dB that reconstructions lose with it; null where nothing is reconstructed
 * @param divergence in nats a picture of its distributions from those of FP32; null where there are none
 * @param speed null where it was not measured
 * @param timesAsFast as FP32; null where it was not measured
 */
record Variant(
        Precision precision,
        Model model,
        @Nullable String why,
        @Nullable Quality quality,
        @Nullable Double loss,
        @Nullable Double divergence,
        @Nullable Speed speed,
        @Nullable Double timesAsFast,
        @Nullable String calibration,
        List<LayerReport> layers,
        List<String> islands) {
    boolean isKept() {
        return why == null;
    }

    /** Whether it is judged by the codes that it gives; others are by their pixels. */
    boolean givesCodes() {
        return givesCodes(model);
    }

    static boolean givesCodes(Model model) {
        return model.graph().outputs().get(0).element() == ValueType.INT64;
    }

    /** Against FP32 in dB; null of codes, and where nothing differs. */
    @Nullable
    Double psnr() {
        return quality == null || givesCodes() ? null : finite(quality.psnr());
    }

    /** Share of codes that are FP32's; null of pixels. */
    @Nullable
    Double agreement() {
        return quality == null || !givesCodes() ? null : (Double) quality.agreement();
    }

    static @Nullable Double finite(double number) {
        return Double.isFinite(number) ? number : null;
    }

    Variant judged(@Nullable Double otherLoss, @Nullable String reason) {
        return new Variant(
                precision,
                model,
                why == null ? reason : why,
                quality,
                otherLoss,
                divergence,
                speed,
                timesAsFast,
                calibration,
                layers,
                islands);
    }

    Variant moved(double nats, @Nullable String reason) {
        return new Variant(
                precision,
                model,
                why == null ? reason : why,
                quality,
                loss,
                nats,
                speed,
                timesAsFast,
                calibration,
                layers,
                islands);
    }

    Variant timed(Speed measured, @Nullable Double ratio, @Nullable String reason) {
        return new Variant(
                precision,
                model,
                why == null ? reason : why,
                quality,
                loss,
                divergence,
                measured,
                ratio,
                calibration,
                layers,
                islands);
    }
}
