package smalti.runtime;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import smalti.runtime.ExternalWeights.Part;
import smalti.spec.SpecException;

/**
 * An ONNX file with the weights in it that it keeps in other files: one array of bytes, so that what is hashed is what is
 * loaded, and ONNX Runtime, which would look for them in the working directory, finds none to look for.
 *
 * <p>Implementation: protobuf's messages are walked as far as tensors can be in them. Messages with no such tensor are
 * copied as they stand; all around one gets a new length. Java's arrays and protobuf both end at 2 GB, and so does what
 * this makes. ONNX Runtime could be given the tensors themselves, but only of some types, and only for the main graph.
 *
 * <p>Source: onnx.proto3 of ONNX 1.23; protobuf.dev's encoding.
 */
final class SelfContainedOnnx {
    private static final int MOST_DEPTH = 100;
    private static final int MOST_PROBLEMS = 20;
    /** Of ONNX Runtime's own format, which has all weights in it. */
    private static final byte[] ORT_FORMAT = {'O', 'R', 'T', 'M'};

    private final ByteBuffer from;
    private final ExternalWeights weights;
    private final Set<String> problems = new LinkedHashSet<>();
    private int left;

    private SelfContainedOnnx(byte[] onnx, ExternalWeights weights, int most) {
        this.from = ByteBuffer.wrap(onnx);
        this.weights = weights;
        this.left = most - onnx.length;
    }

    /** The messages that tensors can be in. */
    private enum Message {
        MODEL,
        GRAPH,
        NODE,
        ATTRIBUTE,
        FUNCTION,
        SPARSE,
        TENSOR;

        @Nullable
        Message inside(int field) {
            return switch (this) {
                case MODEL -> field == 7 ? GRAPH : field == 25 ? FUNCTION : null;
                case GRAPH -> field == 1 ? NODE : field == 5 ? TENSOR : field == 15 ? SPARSE : null;
                case NODE -> field == 5 ? ATTRIBUTE : null;
                case FUNCTION -> field == 7 ? NODE : field == 11 ? ATTRIBUTE : null;
                case ATTRIBUTE ->
                    switch (field) {
                        case 5, 10 -> TENSOR;
                        case 6, 11 -> GRAPH;
                        case 22, 23 -> SPARSE;
                        default -> null;
                    };
                case SPARSE -> field == 1 || field == 2 ? TENSOR : null;
                case TENSOR -> null;
            };
        }
    }

    /**
     * @param file for errors
     * @param most bytes of the whole
     * @return {@code onnx} itself where nothing is in other files
     * @throws LoadException with every weight that cannot be had, if it is no ONNX file, or the whole is too large
     */
    static byte[] of(String file, byte[] onnx, ExternalWeights weights, int most) {
        if (isOrtFormat(onnx)) {
            return onnx;
        }
        var model = new SelfContainedOnnx(onnx, weights, most);
        List<Part> parts;
        try {
            parts = model.rewritten(0, onnx.length, Message.MODEL, 0);
        } catch (ProtobufFields.Damaged e) {
            throw new LoadException(file + ": is no ONNX file, or a damaged one (" + e.getMessage() + ")", e);
        }
        if (!model.problems.isEmpty()) {
            throw new LoadException(model.problems.stream()
                    .map(problem -> file + ": " + problem)
                    .toList());
        }
        if (parts == null) {
            return onnx;
        }
        long length = length(parts);
        if (length > most) {
            throw new LoadException(file + ": a model must have at most " + most + " bytes with its weights, got "
                    + length + "; RuntimeOptions.maxFileBytes is the limit of both");
        }
        var whole = ByteBuffer.allocate((int) length);
        parts.forEach(part -> part.put(whole));
        return whole.array();
    }

    static boolean isOrtFormat(byte[] onnx) {
        return onnx.length >= 8 && Arrays.equals(onnx, 4, 8, ORT_FORMAT, 0, ORT_FORMAT.length);
    }

    /** @return null where it stays as it is */
    private @Nullable List<Part> rewritten(int start, int end, Message message, int depth) {
        if (depth > MOST_DEPTH) {
            throw new ProtobufFields.Damaged("messages inside messages, more than " + MOST_DEPTH);
        }
        if (message == Message.TENSOR) {
            return tensor(start, end);
        }
        List<Part> parts = null;
        int kept = start;
        var wire = new ProtobufFields(from, start, end);
        while (wire.next()) {
            var inside = wire.isBytes() ? message.inside(wire.field()) : null;
            var changed = inside == null ? null : rewritten(wire.valueStart(), wire.end(), inside, depth + 1);
            if (changed != null) {
                parts = parts == null ? new ArrayList<>() : parts;
                parts.add(kept(kept, wire.start()));
                parts.add(header(wire.field(), length(changed)));
                parts.addAll(changed);
                kept = wire.end();
            }
        }
        if (parts != null) {
            parts.add(kept(kept, end));
        }
        return parts;
    }

    private @Nullable List<Part> tensor(int start, int end) {
        boolean isExternal = false;
        boolean hasEntries = false;
        var name = "";
        var location = "";
        var offset = "0";
        var length = "-1";
        var kept = new ArrayList<Part>();
        var wire = new ProtobufFields(from, start, end);
        while (wire.next()) {
            switch (wire.field()) {
                case 14 -> isExternal = wire.isWhole() ? wire.value() == 1 : isExternal;
                case 13 -> {
                    if (wire.isBytes()) {
                        hasEntries = true;
                        var entry = entry(wire.valueStart(), wire.end());
                        switch (entry[0]) {
                            case "location" -> location = entry[1];
                            case "offset" -> offset = entry[1];
                            case "length" -> length = entry[1];
                            default -> {}
                        }
                    }
                }
                case 9 -> {} // its own bytes, which external ones replace
                default -> {
                    name = wire.field() == 8 && wire.isBytes() ? wire.text() : name;
                    kept.add(kept(wire.start(), wire.end()));
                }
            }
        }
        // entries of a tensor that is not external are nonsense, but protobuf would merge them into one that is
        if (isExternal) {
            var raw = weights(name, location, offset, length.equals("-1") ? bytes(start, end) : length);
            kept.add(header(9, raw.length()));
            kept.add(raw);
            return kept;
        }
        return hasEntries ? withoutEntries(start, end) : null;
    }

    private List<Part> withoutEntries(int start, int end) {
        var kept = new ArrayList<Part>();
        var wire = new ProtobufFields(from, start, end);
        while (wire.next()) {
            if (wire.field() != 13) {
                kept.add(kept(wire.start(), wire.end()));
            }
        }
        return kept;
    }

    private Part weights(String name, String location, String offset, String length) {
        try {
            if (!offset.matches("\\d{1,18}") || !length.matches("\\d{1,18}|-1")) {
                throw new LoadException(
                        "must have whole numbers as offset and length, got \"" + offset + "\" and \"" + length + "\"");
            }
            var bytes = weights.part(location, Long.parseLong(offset), Long.parseLong(length), Math.max(0, left));
            left -= bytes.length();
            return bytes;
        } catch (SpecException e) {
            if (problems.size() < MOST_PROBLEMS) {
                e.problems().forEach(problem -> problems.add("the weight \"" + name + "\": " + problem));
            }
            return new ExternalWeights.Bytes(ByteBuffer.allocate(0));
        }
    }

    private Part kept(int start, int end) {
        return new ExternalWeights.Bytes(from.slice(start, end - start));
    }

    /** What a tensor's shape asks for, where the file does not say how long its bytes are; −1 where that is not known. */
    private String bytes(int start, int end) {
        long count = 1;
        int bits = 0;
        var wire = new ProtobufFields(from, start, end);
        while (wire.next()) {
            if (wire.field() == 1 && wire.isBytes()) {
                var sizes = new ProtobufFields(from, wire.valueStart(), wire.end());
                while (sizes.hasPacked()) {
                    count = times(count, sizes.packed());
                }
            } else if (wire.field() == 1) {
                count = times(count, wire.value());
            } else if (wire.field() == 2 && wire.isWhole()) {
                bits = bits(wire.value());
            }
        }
        return bits == 0 || count < 0 ? "-1" : Long.toString((count * bits + 7) / 8);
    }

    /** @return −1 for what cannot be */
    private static long times(long count, long size) {
        return count < 0 || size < 0 || (size > 0 && count > (Long.MAX_VALUE >> 8) / size) ? -1 : count * size;
    }

    /** Of one element, by ONNX's number of its type. */
    private static int bits(long type) {
        return switch ((int) type) {
            case 1, 6, 12 -> 32;
            case 2, 3, 9, 17, 18, 19, 20, 24 -> 8;
            case 4, 5, 10, 16 -> 16;
            case 7, 11, 13, 14 -> 64;
            case 15 -> 128;
            case 21, 22, 23 -> 4;
            case 25, 26 -> 2;
            default -> 0;
        };
    }

    private String[] entry(int start, int end) {
        var entry = new String[] {"", ""};
        var wire = new ProtobufFields(from, start, end);
        while (wire.next()) {
            if (wire.isBytes() && (wire.field() == 1 || wire.field() == 2)) {
                entry[wire.field() - 1] = wire.text();
            }
        }
        return entry;
    }

    private static long length(List<Part> parts) {
        return parts.stream().mapToLong(Part::length).sum();
    }

    /** Of a field of bytes. */
    private static Part header(int field, long length) {
        var out = new ByteArrayOutputStream();
        varint(out, ((long) field << 3) | 2);
        varint(out, length);
        return new ExternalWeights.Bytes(ByteBuffer.wrap(out.toByteArray()));
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while (rest >= 0x80) {
            out.write((int) ((rest & 0x7F) | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }
}
