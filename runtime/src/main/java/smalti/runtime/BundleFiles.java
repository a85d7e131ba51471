package smalti.runtime;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.file.IoReason;

/** The files of a bundle, by their plain names. Nothing stays open between reads. */
sealed interface BundleFiles {
    boolean has(String name);

    /** @throws LoadException if the file is missing, cannot be read or is longer than {@code maxBytes} */
    byte[] read(String name, int maxBytes);

    /** @throws LoadException if there is neither a folder nor a zip with a bundle in it */
    static BundleFiles at(Path bundle) {
        if (Files.isDirectory(bundle)) {
            return new Folder(bundle);
        } else if (!Files.exists(bundle)) {
            throw new LoadException("must be a bundle, a folder or a zip, but does not exist");
        }
        return Zip.at(bundle);
    }

    static byte[] bounded(InputStream in, String name, int maxBytes) throws IOException {
        // a zip's own word on an entry's size is not trusted
        byte[] bytes = in.readNBytes(maxBytes + 1);
        if (bytes.length > maxBytes) {
            throw new LoadException(name + " must have at most " + maxBytes + " bytes, got more; RuntimeOptions."
                    + "maxFileBytes is the limit of a graph");
        }
        return bytes;
    }

    private static SpecException missing(String name) {
        return new LoadException(name + " is missing");
    }

    private static SpecException unreadable(String name, IOException cause) {
        return new LoadException(name + " cannot be read (" + IoReason.of(cause) + ")", cause);
    }

    record Folder(Path folder) implements BundleFiles {
        @Override
        public boolean has(String name) {
            return Files.isRegularFile(folder.resolve(name));
        }

        @Override
        public byte[] read(String name, int maxBytes) {
            if (!has(name)) {
                throw missing(name);
            }
            try (var in = Files.newInputStream(folder.resolve(name))) {
                return bounded(in, name, maxBytes);
            } catch (IOException e) {
                throw unreadable(name, e);
            }
        }
    }

    /** @param contents by plain names */
    record Memory(Map<String, byte[]> contents) implements BundleFiles {
        private static final int MOST_ENTRIES = 1000;

        /**
         * Reads a zipped bundle to its end.
         *
         * @param maxBytes of all files together
         */
        static Memory of(InputStream zipped, int maxBytes) {
            var entries = new LinkedHashMap<String, byte[]>();
            int left = maxBytes;
            try (var zip = new ZipInputStream(zipped)) {
                for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                    if (!entry.isDirectory()) {
                        var bytes = bounded(zip, entry.getName(), left);
                        left -= bytes.length;
                        entries.put(entry.getName(), bytes);
                    }
                    if (entries.size() > MOST_ENTRIES) {
                        throw new LoadException("must have at most " + MOST_ENTRIES + " files, got more");
                    }
                }
            } catch (SpecException e) {
                throw e;
            } catch (ZipException | EOFException | IllegalArgumentException e) {
                // the latter for names that are no text
                throw new LoadException("must be a zipped bundle, and is none or a damaged one", e);
            } catch (IOException e) {
                throw new LoadException("cannot be read (" + IoReason.of(e) + ")", e);
            }
            var prefix = Zip.prefix(entries.keySet());
            var contents = new HashMap<String, byte[]>();
            entries.forEach((name, bytes) -> {
                if (name.startsWith(prefix)) {
                    contents.put(name.substring(prefix.length()), bytes);
                }
            });
            return new Memory(contents);
        }

        @Override
        public boolean has(String name) {
            return contents.containsKey(name);
        }

        @Override
        public byte[] read(String name, int maxBytes) {
            var bytes = contents.get(name);
            if (bytes == null) {
                throw missing(name);
            }
            return bytes;
        }
    }

    /** @param prefix of every entry: empty, or the folder that was zipped, with its slash */
    record Zip(Path zip, String prefix) implements BundleFiles {
        static Zip at(Path zip) {
            try (var file = new ZipFile(zip.toFile())) {
                return new Zip(zip, prefix(file.stream().map(ZipEntry::getName).toList()));
            } catch (SpecException e) {
                throw e;
            } catch (IOException | IllegalArgumentException e) {
                throw new LoadException("must be a bundle, a folder or a zip, and is none or a damaged one", e);
            }
        }

        /** What stands before the manifest's name, and so before every file's. */
        static String prefix(Collection<String> names) {
            var manifests = names.stream()
                    .filter(name -> name.matches("([^/]+/)?" + BundleManifest.FILE.replace(".", "\\.")))
                    .toList();
            if (manifests.size() != 1) {
                throw new LoadException("must hold one " + BundleManifest.FILE
                        + ", at the top or in the one folder that was zipped, got " + manifests);
            }
            var manifest = manifests.get(0);
            return manifest.substring(0, manifest.length() - BundleManifest.FILE.length());
        }

        @Override
        public boolean has(String name) {
            try (var file = new ZipFile(zip.toFile())) {
                return file.getEntry(prefix + name) != null;
            } catch (IOException e) {
                throw unreadable(name, e);
            }
        }

        @Override
        public byte[] read(String name, int maxBytes) {
            try (var file = new ZipFile(zip.toFile())) {
                var entry = file.getEntry(prefix + name);
                if (entry == null) {
                    throw missing(name);
                }
                try (var in = file.getInputStream(entry)) {
                    return bounded(in, name, maxBytes);
                }
            } catch (IOException e) {
                throw unreadable(name, e);
            }
        }
    }
}
