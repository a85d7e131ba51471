package smalti.cli;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import smalti.pictures.NamedPicture;
import smalti.pictures.Picture;
import smalti.pictures.PictureFiles;
import smalti.runtime.Codec;
import smalti.runtime.Codes;
import smalti.runtime.Pixels;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.Contract;
import smalti.spec.SpecException;

/** Pictures of any size through a codec: neighbours of one size go together. */
final class PictureBatches {
    private static final int MOST = 64;

    private PictureBatches() {}

    /** The pictures at a path, cropped at the centre to multiples of the model's factor. */
    static List<NamedPicture> read(Path images, SmaltiModel model, SkipOption skip, Console console) {
        var manifest = model.manifest();
        var codebook = manifest.contracts()
                .find(Contract.Codebook.class)
                .orElseThrow(() -> new SpecException(
                        manifest.name() + ": has no codebook, so there is nothing to encode with; it holds "
                                + String.join(", ", manifest.graphs().keySet())));
        return PictureFiles.read(images, manifest.pixels().channels(), codebook.factor(), skip.bad(), console::warning);
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
