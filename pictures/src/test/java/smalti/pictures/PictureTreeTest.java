package smalti.pictures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.SpecException;

/** Which files are pictures, and what is said of the others. */
class PictureTreeTest {
    @TempDir
    private Path folder;

    @Test
    void theContentTellsThePicturesAndOneLineTheRest() throws IOException {
        var heic = "\0\0\0\u0018ftypheic\0\0\0\0mif1heic".getBytes(StandardCharsets.US_ASCII);
        Fixtures.folder(
                folder,
                Map.of(
                        "a.jfif", Fixtures.png(1),
                        "b", Fixtures.png(2),
                        "c.txt", Fixtures.png(3),
                        "d.heic", heic,
                        "e.jpg", heic,
                        "f.csv", "no picture".getBytes(StandardCharsets.US_ASCII),
                        "g/h.png", new byte[0]));
        Files.createSymbolicLink(folder.resolve("g/loop"), folder);
        try (var tree = PictureTree.open(folder)) {
            assertThat(tree.pictures()).containsExactly("a.jfif", "b", "c.txt", "g/h.png");
            assertThat(tree.leftOut(1))
                    .hasValue("5 files left out: 1 .csv, 1 .heic, 1 .jpg, 1 unreadable, a link loop (g/loop)"
                            + " (HEIC is not read)");
        }
    }

    /** Nothing may ever come out of a pipe. */
    @Test
    void aPipeIsRefused() throws Exception {
        var pipe = folder.resolve("pipe.png");
        assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "this system has no pipes");
        assertThatThrownBy(() -> PictureTree.open(pipe))
                .isInstanceOf(SpecException.class)
                .hasMessage(pipe + ": must be a picture, or a folder or a ZIP of pictures, and is a device or a pipe");
    }

    /** As lost+found on a stick. */
    @Test
    void aFolderThatMayNotBeReadIsLeftOut() throws IOException {
        Files.write(folder.resolve("a.png"), Fixtures.png(1));
        for (var name : List.of("lost+found", ".Trashes")) {
            var closed = Files.createDirectory(folder.resolve(name));
            Files.setPosixFilePermissions(closed, Set.of());
            assumeFalse(Files.isReadable(closed), "this user may read every folder");
        }
        try (var tree = PictureTree.open(folder)) {
            assertThat(tree.pictures()).containsExactly("a.png");
            assertThat(tree.leftOut(1)).hasValue("1 file left out: a folder that may not be read (lost+found)");
        }
    }
}
