package smalti.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import smalti.pictures.Picture;
import smalti.runtime.Pixels;
import smalti.runtime.SmaltiModel;
import smalti.spec.bundle.Contract;
import smalti.trainer.data.Pictures;
import smalti.trainer.metric.CodebookUsage;
import smalti.trainer.metric.ImageMetrics;

/**
 * How well a codec rebuilds pictures.
 *
 * @param measuredOn held-out or all
 * @param mse in units of the pixel range [0, 1]
 * @param nmse mse divided by the variance of the training pixels
 * @param psnr of that mse, in dB; null where nothing was lost
 * @param ssim Wang et al. 2004, mean over the pictures; null where a side is below its window of 11
 * @param perplexity of the codes over all pictures
 * @param usage share of the codes that occur
 * @param perPicture in the order in which they were read
 */
record CodecFigures(
        String measuredOn,
        int pictures,
        double mse,
        double nmse,
        @Nullable Double psnr,
        @Nullable Double ssim,
        @Nullable Double perplexity,
        @Nullable Double usage,
        double imagesPerSecond,
        List<OnePicture> perPicture)
        implements Figures {
    private static final int BATCH = 64;
    private static final int MOST_SHOWN = 5;

    /** Figures of one picture, as of all. */
    record OnePicture(
            String name,
            double mse,
            @Nullable Double psnr,
            @Nullable Double ssim) {}

    static CodecFigures measure(SmaltiModel model, String measuredOn, Pictures pictures) {
        var codec = model.codec();
        var codebook = model.manifest().contracts().get(Contract.Codebook.class);
        var counts = new long[codebook.codes()];
        var each = new ArrayList<OnePicture>();
        long nanos = 0;
        for (int first = 0; first < pictures.count(); first += BATCH) {
            int end = Math.min(pictures.count(), first + BATCH);
            var originals =
                    IntStream.range(first, end).mapToObj(pictures::picture).toList();
            var batch = PictureBatches.pixels(originals);
            long started = System.nanoTime();
            var codes = codec.encode(batch);
            var rebuilt = codec.decode(codes);
            nanos += System.nanoTime() - started;
            for (long code : codes.values()) {
                counts[(int) code]++;
            }
            for (int i = 0; i < originals.size(); i++) {
                each.add(one(pictures.name(first + i), originals.get(i), rebuilt.range(i, 1)));
            }
        }
        double mse = mean(each, OnePicture::mse);
        var usage = counts.length == 0 ? null : CodebookUsage.of(counts);
        return new CodecFigures(
                measuredOn,
                pictures.count(),
                mse,
                ImageMetrics.nmse(mse, model.manifest().provenance().pixelVariance()),
                psnr(mse),
                each.get(0).ssim == null ? null : (Double) mean(each, one -> one.ssim == null ? 0 : one.ssim),
                usage == null ? null : (Double) usage.perplexity(),
                usage == null ? null : (Double) usage.usage(),
                pictures.count() / (nanos / 1e9),
                List.copyOf(each));
    }

    private static OnePicture one(String name, Picture original, Pixels pixels) {
        var rebuilt = Picture.of(original.height(), original.width(), original.channels(), pixels.bytes());
        double mse = ImageMetrics.mse(original.pixels(), rebuilt.pixels());
        boolean small = Math.min(original.height(), original.width()) < ImageMetrics.SSIM_WINDOW;
        return new OnePicture(name, mse, psnr(mse), small ? null : (Double) ImageMetrics.ssim(original, rebuilt));
    }

    private static @Nullable Double psnr(double mse) {
        return mse == 0 ? null : (Double) ImageMetrics.psnr(mse);
    }

    private static double mean(List<OnePicture> each, ToDoubleFunction<OnePicture> figure) {
        return each.stream().mapToDouble(figure).sum() / each.size();
    }

    @Override
    public List<Line> lines() {
        var lines = new ArrayList<Line>();
        lines.add(new Line("PSNR", decibels(psnr) + ", higher is better"));
        if (ssim != null) {
            lines.add(new Line("SSIM", text("%.4f, higher is better, 1 at most", ssim)));
        }
        lines.add(new Line("MSE", text("%.3g, with pixels from 0 to 1; lower is better", mse)));
        lines.add(new Line("NMSE", text("%.4f, lower is better; the mean colour alone has 1", nmse)));
        if (perplexity != null && usage != null) {
            lines.add(new Line("perplexity", text("%.1f codes, if all were used alike; higher is better", perplexity)));
            lines.add(new Line("codes used", text("%.1f%% of the codebook, higher is better", 100 * usage)));
        }
        lines.add(new Line("speed", text("%.0f pictures a second, encoded and decoded", imagesPerSecond)));
        var worst = perPicture.stream()
                .sorted(Comparator.comparingDouble(OnePicture::mse).reversed())
                .limit(Math.min(MOST_SHOWN, perPicture.size()))
                .toList();
        if (perPicture.size() > 1) {
            for (int i = 0; i < worst.size(); i++) {
                var one = worst.get(i);
                lines.add(new Line(
                        i == 0 ? "worst" : "",
                        decibels(one.psnr) + (one.ssim == null ? "" : text(", SSIM %.4f", one.ssim)) + ": "
                                + one.name));
            }
        }
        return lines;
    }

    private static String decibels(@Nullable Double psnr) {
        return psnr == null ? "infinite (nothing is lost)" : text("%.1f dB", psnr);
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
