package smalti.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import smalti.spec.AtomicFiles;

/** The process's own folder for temporary files: what libraries unpack lies there as well, and all of it goes at the end. */
final class TemporaryFolder {
    private static final String PROPERTY = "java.io.tmpdir";
    private static final String STEM = "smalti-process-";

    private final Path folder;

    private TemporaryFolder(Path folder) {
        this.folder = folder;
    }

    /** Makes it, and has the JVM use it: to be called before anything temporary is made. */
    static TemporaryFolder begin() throws IOException {
        var place = Path.of(System.getProperty(PROPERTY));
        sweep(place);
        var folder = place.resolve(STEM + ProcessHandle.current().pid() + "-" + UUID.randomUUID());
        if (place.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.createDirectory(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } else {
            Files.createDirectory(folder);
        }
        System.setProperty(PROPERTY, folder.toString());
        return new TemporaryFolder(folder);
    }

    /** Deletes what processes left that were killed. */
    private static void sweep(Path place) throws IOException {
        try (var left = Files.newDirectoryStream(place, STEM + "*")) {
            for (var path : left) {
                var pid = path.getFileName().toString().substring(STEM.length()).split("-", 2)[0];
                if (pid.matches("\\d{1,18}")
                        && ProcessHandle.of(Long.parseLong(pid)).isEmpty()
                        && Files.isWritable(path)) {
                    AtomicFiles.deleteRecursively(path);
                }
            }
        }
    }

    void delete() {
        try {
            AtomicFiles.deleteRecursively(folder);
        } catch (IOException e) {
            // Windows keeps a library's file as long as it is loaded: the JVM tries again as it ends
            folder.toFile().deleteOnExit();
        }
    }
}
