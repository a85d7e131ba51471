package smalti.pictures;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.zip.InflaterInputStream;

/**
 * What a PNG says beside its pixels, of which the decoder is asked for nothing: its texts may unpack to gigabytes.
 *
 * <p>Source: PNG, third edition (W3C 2025), 11.3.
 */
final class PngChunks {
    /** Bound on an unpacked profile; those of printers are the largest, with a megabyte or two. */
    private static final int MOST_PROFILE = 4 << 20;

    private static final int DEPTH_AT = 24;
    private static final int GREY = 0;

    private PngChunks() {}

    /** The first chunk of a kind. */
    static Optional<ByteBuffer> find(byte[] file, String kind) {
        var bytes = ByteBuffer.wrap(file);
        int name = ByteBuffer.wrap(kind.getBytes(StandardCharsets.US_ASCII)).getInt();
        for (long at = 8; at + 12 <= file.length; at += 12 + (bytes.getInt((int) at) & 0xFFFFFFFFL)) {
            if (bytes.getInt((int) at + 4) == name) {
                int length = bytes.getInt((int) at);
                boolean whole = length >= 0 && length <= file.length - (int) at - 8;
                return whole ? Optional.of(bytes.slice((int) at + 8, length)) : Optional.empty();
            }
        }
        return Optional.empty();
    }

    /** The colour profile, unpacked; empty where there is none, or it is malformed. */
    static Optional<byte[]> profile(byte[] file) {
        return find(file, "iCCP").flatMap(PngChunks::unpacked);
    }

    private static Optional<byte[]> unpacked(ByteBuffer chunk) {
        while (chunk.hasRemaining() && chunk.get() != 0) {
            // the profile's name
        }
        if (chunk.remaining() < 2) {
            return Optional.empty();
        }
        chunk.get(); // the method, of which there is one
        var packed = new byte[chunk.remaining()];
        chunk.get(packed);
        try (var stream = new InflaterInputStream(new ByteArrayInputStream(packed))) {
            var profile = stream.readNBytes(MOST_PROFILE + 1);
            return profile.length > MOST_PROFILE ? Optional.empty() : Optional.of(profile);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * The level, from 0 to 255, that is transparent in a grey picture of 2 or 4 bits: the JDK's decoder compares the
     * others with theirs, and these after it has stretched them.
     */
    static OptionalInt transparentLevel(byte[] file) {
        int depth = file.length > DEPTH_AT + 1 && file[DEPTH_AT + 1] == GREY ? file[DEPTH_AT] : 0;
        if (depth != 2 && depth != 4) {
            return OptionalInt.empty();
        }
        int most = (1 << depth) - 1;
        return find(file, "tRNS")
                .filter(chunk -> chunk.remaining() >= 2)
                .map(chunk -> OptionalInt.of((chunk.getShort() & most) * 255 / most))
                .orElse(OptionalInt.empty());
    }
}
