package smalti.trainer.data;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import smalti.spec.SpecException;

/**
 * What lies below a folder or in a ZIP. Paths are relative with '/', in sorted order; hidden ones (a part that begins
 * with '.', {@code __MACOSX}) are left out, and {@code ..} with them. May be read from several threads.
 */
sealed interface FileTree extends Closeable permits FolderTree, ZipTree {
    Set<String> PICTURE_EXTENSIONS = Set.of("png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff");

    List<String> files();

    List<String> folders();

    InputStream open(String file) throws IOException;

    /** The file as errors name it; of "" the tree itself. */
    String place(String file);

    /** @throws SpecException if there is neither a folder nor a ZIP at {@code path} */
    static FileTree open(Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new SpecException(path + ": must be a folder or a ZIP of pictures, but does not exist");
        }
        return Files.isDirectory(path) ? new FolderTree(path) : new ZipTree(path);
    }

    static boolean isPicture(String file) {
        int dot = file.lastIndexOf('.');
        return dot >= 0 && PICTURE_EXTENSIONS.contains(file.substring(dot + 1).toLowerCase(Locale.ROOT));
    }

    static boolean isHidden(String path) {
        for (var part : path.split("/", -1)) {
            if (part.isEmpty() || part.startsWith(".") || part.equals("__MACOSX")) {
                return true;
            }
        }
        return false;
    }
}
