package smalti.pictures;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What a JPEG says before its pixels.
 *
 * <p>Source: ITU-T T.81, B.1 and B.2; table B.1 names the markers.
 */
final class JpegSegments {
    private static final int START_OF_SCAN = 0xDA;
    private static final int QUANTIZATION = 0xDB;
    private static final int JPEG_LS = 0xF7;
    private static final int TABLE = 64;

    private final List<Segment> segments;

    private record Segment(int marker, ByteBuffer body) {}

    JpegSegments(byte[] file) {
        this.segments = segments(file);
    }

    private static List<Segment> segments(byte[] file) {
        var segments = new ArrayList<Segment>();
        var bytes = ByteBuffer.wrap(file);
        int at = 2;
        while (at + 4 <= file.length && file[at] == (byte) 0xFF) {
            int marker = file[at + 1] & 0xFF;
            if (marker == 0xFF) {
                at++; // a byte that fills
                continue;
            }
            int length = bytes.getShort(at + 2) & 0xFFFF;
            if (marker == START_OF_SCAN || length < 2 || at + 2 + length > file.length) {
                break;
            }
            segments.add(new Segment(marker, bytes.slice(at + 4, length - 2)));
            at += 2 + length;
        }
        return segments;
    }

    /** The bodies of all segments of a kind. */
    List<ByteBuffer> of(int marker) {
        return segments.stream()
                .filter(segment -> segment.marker == marker)
                .map(Segment::body)
                .toList();
    }

    /** @throws Refusal if the picture is coded in a way that no decoder here knows */
    void requireReadable() throws Refusal {
        for (var segment : segments) {
            int marker = segment.marker;
            var coding = unread(marker);
            if (!coding.isEmpty()) {
                throw new Refusal("must be an ordinary JPEG, but is " + coding
                        + ", which is not read; save it as PNG or ordinary JPEG");
            }
            boolean frame = marker == 0xC0 || marker == 0xC1 || marker == 0xC2 || marker == 0xC9 || marker == 0xCA;
            if (frame && segment.body.remaining() > 0 && segment.body.get(0) != 8) {
                throw new Refusal("must have 8 bits a channel, as JPEG, and has " + (segment.body.get(0) & 0xFF)
                        + "; save it as PNG, which may have 16");
            }
        }
    }

    private static String unread(int frame) {
        return switch (frame) {
            case 0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF -> "hierarchical";
            case 0xCB -> "lossless with arithmetic coding";
            case JPEG_LS -> "JPEG-LS";
            default -> "";
        };
    }

    /** Whether its pixels are coded arithmetically, which some builds of the JDK decode. */
    boolean isArithmetic() {
        return !of(0xC9).isEmpty() || !of(0xCA).isEmpty();
    }

    /** Whether a table of quantization has numbers beyond 255, as those of the lowest qualities have. */
    boolean hasWideTables() {
        return of(QUANTIZATION).stream().anyMatch(JpegSegments::isWide);
    }

    private static boolean isWide(ByteBuffer tables) {
        var body = tables.duplicate();
        while (body.remaining() > TABLE) {
            boolean wide = (body.get() & 0xF0) != 0;
            for (int i = 0; i < TABLE && body.remaining() > 1; i++) {
                if (wide && body.getShort() >> 8 != 0) {
                    return true;
                } else if (!wide) {
                    body.get();
                }
            }
        }
        return false;
    }
}
