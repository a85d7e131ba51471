package smalti.cli;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import smalti.pictures.NamedPicture;
import smalti.pictures.Picture;
import smalti.pictures.PictureFiles;
import smalti.pictures.PictureFit;
import smalti.runtime.Codec;
import smalti.runtime.Codes;
import smalti.runtime.Distributions;
import smalti.runtime.Pixels;
import smalti.runtime.Posterior;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.bundle.Contract;
import smalti.spec.model.ImageSpec;

/** Pictures through a codec, which takes any size, or a VAE: neighbours of one size go together. */
final class PictureBatches {
    private static final int MOST = 64;

    private PictureBatches() {}

    /** The pictures at a path: cropped at the centre to multiples of a codec's factor, or brought to a VAE's own size. */
    static List<NamedPicture> read(Path images, SmaltiModel model, SkipOption skip, Console console) {
        var manifest = model.manifest();
        var pixels = manifest.pixels();
        int factor = manifest.contracts()
                .find(Contract.Codebook.class)
                .map(Contract.Codebook::factor)
                .orElse(1);
        var pictures = PictureFiles.read(images, pixels.channels(), factor, skip.bad(), console::warning);
        if (manifest.contracts().has(Contract.Codebook.class)) {
            return pictures;
        }
        var image = new ImageSpec(pixels.height(), pixels.width(), pixels.channels());
        var fit = manifest.provenance().data().fit();
        return pictures.stream()
                .map(one -> new NamedPicture(one.name(), PictureFit.apply(one.picture(), image, fit)))
                .toList();
    }

    static List<String> names(List<NamedPicture> pictures) {
        return pictures.stream().map(NamedPicture::name).toList();
    }

    /**
     * Distributions of pictures of one size.
     *
     * @param classes one for each picture; none where the model has no classes
     */
    static Distributions encode(Posterior posterior, List<NamedPicture> pictures, int[] classes) {
        int dim = posterior.dim();
        var means = new float[pictures.size() * dim];
        var logVariances = new float[means.length];
        for (int first = 0; first < pictures.size(); first += MOST) {
            int end = Math.min(pictures.size(), first + MOST);
            var some = ofClasses(posterior, classes, first, end)
                    .encode(pixels(pictures.subList(first, end).stream()
                            .map(NamedPicture::picture)
                            .toList()));
            System.arraycopy(some.means(), 0, means, first * dim, some.means().length);
            System.arraycopy(some.logVariances(), 0, logVariances, first * dim, some.means().length);
        }
        return new Distributions(dim, means, logVariances);
    }

    /**
     * Pictures of latents, one by one.
     *
     * @param classes as {@link #encode(Posterior, List, int[])} takes them
     */
    static List<Pixels> decode(Posterior posterior, float[] latents, int[] classes) {
        int dim = posterior.dim();
        var pixels = new ArrayList<Pixels>();
        int count = latents.length / dim;
        for (int first = 0; first < count; first += MOST) {
            int end = Math.min(count, first + MOST);
            var some = ofClasses(posterior, classes, first, end)
                    .decode(Arrays.copyOfRange(latents, first * dim, end * dim));
            for (int i = 0; i < some.count(); i++) {
                pixels.add(some.range(i, 1));
            }
        }
        return pixels;
    }

    private static Posterior ofClasses(Posterior posterior, int[] classes, int first, int end) {
        return classes.length == 0 ? posterior : posterior.ofClasses(Arrays.copyOfRange(classes, first, end));
    }

    /** Codes of each picture. */
    static List<Codes> encode(Codec codec, List<NamedPicture> pictures) {
        var codes = new ArrayList<Codes>();
        for (int first = 0; first < pictures.size(); ) {
            int end = first + 1;
            var one = pictures.get(first).picture();
            long most = Math.min(MOST, RuntimeOptions.defaults().maxPixels() / ((long) one.height() * one.width()));
            while (end < pictures.size() && end - first < most && sameSize(pictures.get(first), pictures.get(end))) {
                end++;
            }
            var together = codec.encode(pixels(pictures.subList(first, end).stream()
                    .map(NamedPicture::picture)
                    .toList()));
            for (int i = 0; i < together.count(); i++) {
                codes.add(together.range(i, 1));
            }
            first = end;
        }
        return codes;
    }

    /** Pictures of codes, one by one of their own size. */
    static List<Pixels> decode(Codec codec, List<Codes> codes) {
        return codes.stream().map(codec::decode).toList();
    }

    private static boolean sameSize(NamedPicture a, NamedPicture b) {
        return a.picture().height() == b.picture().height()
                && a.picture().width() == b.picture().width();
    }

    /** Pictures of one size as one buffer. */
    static Pixels pixels(List<Picture> pictures) {
        var first = pictures.get(0);
        var data = ByteBuffer.allocate(pictures.size() * first.pixels().length);
        pictures.forEach(picture -> data.put(picture.pixels()));
        return new Pixels(pictures.size(), first.height(), first.width(), first.channels(), data.flip());
    }

    /** The one picture of some pixels. */
    static Picture picture(Pixels pixels) {
        return Picture.of(pixels.height(), pixels.width(), pixels.channels(), pixels.bytes());
    }

    /** Names without their endings, for files of another kind; those that would then be the same keep them. */
    static List<String> stems(List<NamedPicture> pictures) {
        var seen = pictures.stream()
                .collect(Collectors.groupingBy(picture -> stem(picture.name()), Collectors.counting()));
        return pictures.stream()
                .map(NamedPicture::name)
                .map(name -> Long.valueOf(1).equals(seen.get(stem(name))) ? stem(name) : name)
                .toList();
    }

    private static String stem(String name) {
        int dot = name.lastIndexOf('.');
        return dot > Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1 ? name.substring(0, dot) : name;
    }
}
