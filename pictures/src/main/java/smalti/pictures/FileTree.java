package smalti.pictures;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/**
 * What lies below a folder or in a ZIP. Paths are relative with '/', in sorted order; hidden ones (a part that begins
 * with '.', {@code __MACOSX}) are left out, and {@code ..} with them. May be read from several threads.
 */
sealed interface FileTree extends Closeable permits FolderTree, SingleFile, ZipTree {
    List<String> files();

    List<String> folders();

    InputStream open(String file) throws IOException;

    /** The file as errors name it; of "" the tree itself. */
    String place(String file);

    /** What could not be looked into, each with its reason; link loops among it. */
    default List<Passed> passed() {
        return List.of();
    }

    /** A path that was passed over, and in a word why, such as "a link loop". */
    record Passed(String path, String why) {}

    static boolean isHidden(String path) {
        for (var part : path.split("/", -1)) {
            if (part.isEmpty() || part.startsWith(".") || part.equals("__MACOSX")) {
                return true;
            }
        }
        return false;
    }
}
