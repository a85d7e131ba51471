package smalti.runtime;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import smalti.spec.file.IoReason;

/** The files beside an ONNX file that hold weights of it, by the names that it gives them. */
sealed interface ExternalWeights {
    /**
     * A part of a file, found and not read yet.
     *
     * @param length −1 for all that follows
     * @param most bytes that there may be
     * @throws LoadException if there is no such file, or it ends too early
     */
    Part part(String location, long offset, long length, int most);

    /** Bytes that are brought when they are wanted. */
    interface Part {
        int length();

        /** @throws LoadException if they cannot be read any more */
        void put(ByteBuffer into);
    }

    /** Bytes that are there. */
    record Bytes(ByteBuffer bytes) implements Part {
        @Override
        public int length() {
            return bytes.remaining();
        }

        @Override
        public void put(ByteBuffer into) {
            into.put(bytes.duplicate());
        }
    }

    /** Bytes of a file on disk. */
    record OnDisk(Path file, long offset, int length) implements Part {
        @Override
        public void put(ByteBuffer into) {
            var part = into.slice(into.position(), length);
            try (var channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
                while (part.hasRemaining()) {
                    if (channel.read(part, offset + part.position()) < 0) {
                        throw new LoadException(file + ": became shorter while it was read");
                    }
                }
            } catch (IOException e) {
                throw new LoadException(file + ": cannot be read (" + IoReason.of(e) + ")", e);
            }
            into.position(into.position() + length);
        }
    }

    /** Bytes of a file from an offset on. */
    private static long length(String location, long size, long offset, long length) {
        long wanted = length < 0 ? size - offset : length;
        if (offset > size || wanted > size - offset) {
            throw new LoadException(location + " must have " + wanted + " bytes from byte " + offset
                    + " on, as the model says, and has " + size + " in all");
        }
        return wanted;
    }

    private static int within(long length, int most) {
        if (length > most) {
            throw new LoadException("a model must have at most " + most + " bytes more with its weights, got " + length
                    + "; RuntimeOptions.maxFileBytes is the limit of both");
        }
        return (int) length;
    }

    /**
     * Those of a file on disk.
     *
     * @param folder that the model lies in: nothing is read from elsewhere, by no link either
     */
    record Beside(Path folder) implements ExternalWeights {
        static Beside of(Path model) {
            var folder = model.toAbsolutePath().getParent();
            return new Beside(folder == null ? model.toAbsolutePath() : folder);
        }

        @Override
        public Part part(String location, long offset, long length, int most) {
            var file = file(location);
            try {
                long bytes = length(location, Files.size(file), offset, length);
                return new OnDisk(file, offset, within(bytes, most));
            } catch (IOException e) {
                throw new LoadException(file + ": cannot be read (" + IoReason.of(e) + ")", e);
            }
        }

        private Path file(String location) {
            try {
                var relative = Path.of(location);
                // a backslash parts folders on Windows alone
                boolean isOutside = relative.isAbsolute() || location.startsWith("/") || location.contains("\\");
                for (var part : relative) {
                    isOutside |= part.toString().equals("..");
                }
                if (isOutside || location.isBlank()) {
                    throw new LoadException("weights must lie beside the model, got \"" + location
                            + "\" as their place; move them there and save the model again");
                }
                var file = folder.resolve(relative).toRealPath();
                if (!file.startsWith(folder.toRealPath())) {
                    throw new LoadException("weights must lie beside the model, and " + location + " is a link to "
                            + file + "; put a copy in the link's place");
                }
                if (!Files.isRegularFile(file)) {
                    throw new LoadException(folder.resolve(relative) + ": must be a file of weights, and is none");
                }
                return file;
            } catch (InvalidPathException e) {
                throw new LoadException("weights must lie beside the model, got a place that is no path", e);
            } catch (NoSuchFileException e) {
                throw new LoadException(
                        "weights must lie beside the model, and there is no " + folder.resolve(location), e);
            } catch (IOException e) {
                throw new LoadException(folder.resolve(location) + ": cannot be read (" + IoReason.of(e) + ")", e);
            }
        }
    }

    /**
     * Those that were given with a model that is no file.
     *
     * @param contents by the name that the model gives
     */
    record Given(Map<String, byte[]> contents) implements ExternalWeights {
        @Override
        public Part part(String location, long offset, long length, int most) {
            byte @Nullable [] all = contents.get(location);
            if (all == null) {
                throw new LoadException("the model keeps weights in " + location
                        + ", which must be given by that name with a model that is no file, got "
                        + (contents.isEmpty() ? "none" : new TreeSet<>(contents.keySet())));
            }
            int bytes = within(length(location, all.length, offset, length), most);
            return new Bytes(ByteBuffer.wrap(all, (int) offset, bytes));
        }
    }

    /** A graph that must hold all its weights itself. */
    record Refused() implements ExternalWeights {
        @Override
        public Part part(String location, long offset, long length, int most) {
            throw new LoadException("must hold its weights itself, and keeps some in " + location);
        }
    }
}
