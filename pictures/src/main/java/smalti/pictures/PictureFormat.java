package smalti.pictures;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a file is by its first bytes. The name decides nothing, but for raw files of cameras, which begin as TIFF does,
 * and for broken files, which are pictures if they are named so.
 */
enum PictureFormat {
    PNG("PNG", true),
    JPEG("JPEG", true),
    WEBP("WebP", true),
    TIFF("TIFF", true),
    GIF("GIF", true),
    BMP("BMP", true),
    HEIC("HEIC", false),
    AVIF("AVIF", false),
    JPEG_XL("JPEG XL", false),
    JPEG_2000("JPEG 2000", false),
    RAW("a camera's raw file", false),
    SVG("SVG", false),
    PSD("PSD", false),
    PNM("PNM", false),
    ICO("ICO", false),
    OPEN_EXR("OpenEXR", false),
    DDS("DDS", false),
    QOI("QOI", false),
    PDF("PDF", false),
    FILM("a film", false);

    /** How much of a file {@link #of} looks at. */
    static final int HEAD = 256;

    /** For people. */
    static final String READ = "PNG, JPEG, WebP, TIFF, GIF or BMP";

    private static final Set<String> ENDINGS =
            Set.of("png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "dib", "tif", "tiff");
    private static final Set<String> RAW_ENDINGS = Set.of(
            "dng", "nef", "nrw", "arw", "sr2", "srf", "cr2", "pef", "srw", "3fr", "iiq", "erf", "kdc", "mef", "mos");

    private final String label;
    private final boolean read;

    PictureFormat(String label, boolean read) {
        this.label = label;
        this.read = read;
    }

    /** For people: "HEIC". */
    String label() {
        return label;
    }

    /** Whether files of it are decoded. */
    boolean isRead() {
        return read;
    }

    /** @param head the first {@link #HEAD} bytes, or all there are */
    static Optional<PictureFormat> of(byte[] head, String name) {
        var text = new String(head, 0, Math.min(HEAD, head.length), StandardCharsets.ISO_8859_1);
        if (text.startsWith("\u0089PNG\r\n\u001a\n")) {
            return Optional.of(PNG);
        } else if (text.startsWith("\u00ff\u00d8\u00ff")) {
            return Optional.of(JPEG);
        } else if (text.startsWith("RIFF") && text.startsWith("WEBP", 8)) {
            return Optional.of(WEBP);
        } else if (text.startsWith("GIF87a") || text.startsWith("GIF89a")) {
            return Optional.of(GIF);
        } else if (isTiff(text)) {
            boolean raw = text.startsWith("CR", 8) || RAW_ENDINGS.contains(ending(name));
            return Optional.of(raw ? RAW : TIFF);
        } else if (isBmp(head, text)) {
            return Optional.of(BMP);
        }
        return Optional.ofNullable(unread(text));
    }

    private static boolean isTiff(String text) {
        return text.startsWith("II*\0")
                || text.startsWith("MM\0*")
                || text.startsWith("II+\0")
                || text.startsWith("MM\0+");
    }

    /** "BM" begins words too: the length of its second header is one of a few. */
    private static boolean isBmp(byte[] head, String text) {
        return text.startsWith("BM")
                && head.length > 17
                && Set.of(12, 16, 40, 52, 56, 64, 108, 124).contains(head[14] & 0xFF)
                && head[15] == 0
                && head[16] == 0
                && head[17] == 0;
    }

    private static @org.jspecify.annotations.Nullable PictureFormat unread(String text) {
        if (text.startsWith("ftyp", 4)) {
            return isoMedia(text);
        } else if (text.startsWith("\u00ff\n") || text.startsWith("\0\0\0\fJXL ")) {
            return JPEG_XL;
        } else if (text.startsWith("\0\0\0\fjP  ") || text.startsWith("\u00ffO\u00ffQ")) {
            return JPEG_2000;
        } else if (text.startsWith("FUJIFILMCCD-RAW")
                || text.startsWith("IIRO")
                || text.startsWith("IIRS")
                || text.startsWith("IIU\0")) {
            return RAW;
        } else if (text.startsWith("8BPS")) {
            return PSD;
        } else if (text.matches("(?s)P[1-7]\\s.*")) {
            return PNM;
        } else if (text.startsWith("\0\0\u0001\0")) {
            return ICO;
        } else if (text.startsWith("v/1\u0001")) {
            return OPEN_EXR;
        } else if (text.startsWith("DDS ")) {
            return DDS;
        } else if (text.startsWith("qoif")) {
            return QOI;
        } else if (text.startsWith("%PDF-")) {
            return PDF;
        }
        var start = text.stripLeading().toLowerCase(Locale.ROOT);
        return start.startsWith("<svg") || (start.startsWith("<") && start.contains("<svg")) ? SVG : null;
    }

    /** The brands of an ISO base media file: its own, then those that it is compatible with. */
    private static PictureFormat isoMedia(String text) {
        int length = text.charAt(0) << 24 | text.charAt(1) << 16 | text.charAt(2) << 8 | text.charAt(3);
        var brands = text.substring(8, Math.min(text.length(), Math.max(12, length)));
        if (brands.startsWith("crx ")) {
            return RAW;
        } else if (brands.contains("avif") || brands.contains("avis")) {
            return AVIF;
        }
        boolean heic =
                Arrays.stream(new String[] {"hei", "hev", "mif1", "msf1"}).anyMatch(brands::contains);
        return heic ? HEIC : FILM;
    }

    /** Whether a file means to be a picture that is read, by its name alone. */
    static boolean isNamedSo(String name) {
        return ENDINGS.contains(ending(name));
    }

    /** In lower case without the dot; "" where there is none. */
    static String ending(String name) {
        int dot = name.lastIndexOf('.');
        return dot > name.lastIndexOf('/') + 1 ? name.substring(dot + 1).toLowerCase(Locale.ROOT) : "";
    }

    static String endings() {
        return ENDINGS.stream().sorted().collect(Collectors.joining(", "));
    }
}
