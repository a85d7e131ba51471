package smalti.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
    @TempDir
    private Path root;

    @Test
    void aFileIsWrittenAndReplaced() throws IOException {
        var file = root.resolve("new/folder/a.txt");
        AtomicFiles.writeString(file, "first");
        AtomicFiles.writeString(file, "zweite Fassung: ü");
        assertThat(file).hasContent("zweite Fassung: ü");
        assertThat(file.getParent())
                .isDirectoryContaining(path -> path.equals(file))
                .isDirectoryNotContaining("glob:**unfinished*");
    }

    @Test
    void aFailingWriterLeavesTheOldFileAlone() throws IOException {
        var file = root.resolve("a.txt");
        AtomicFiles.writeString(file, "old");
        assertThatThrownBy(() -> AtomicFiles.writeFile(file, temporary -> {
                    Files.writeString(temporary, "half");
                    throw new IOException("disk full");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("disk full");
        assertThat(file).hasContent("old");
        assertOnly(file);
    }

    @Test
    void nothingIsSeenUntilAFolderIsWhole() throws IOException {
        var folder = root.resolve("bundle");
        AtomicFiles.writeFolder(folder, temporary -> {
            Files.writeString(temporary.resolve("a"), "1");
            Files.createDirectories(temporary.resolve("sub"));
            Files.writeString(temporary.resolve("sub/b"), "2");
            assertThat(folder).doesNotExist();
        });
        assertThat(folder.resolve("sub/b")).hasContent("2");
        assertOnly(folder);
    }

    @Test
    void aFolderIsReplacedAsAWhole() throws IOException {
        var folder = root.resolve("bundle");
        AtomicFiles.writeFolder(folder, temporary -> Files.writeString(temporary.resolve("old"), "1"));
        AtomicFiles.writeFolder(folder, temporary -> Files.writeString(temporary.resolve("new"), "2"));
        assertThat(folder.resolve("old")).doesNotExist();
        assertThat(folder.resolve("new")).hasContent("2");
        assertOnly(folder);
    }

    @Test
    void aFailingWriterLeavesTheOldFolderAlone() throws IOException {
        var folder = root.resolve("bundle");
        AtomicFiles.writeFolder(folder, temporary -> Files.writeString(temporary.resolve("old"), "1"));
        assertThatThrownBy(() -> AtomicFiles.writeFolder(folder, temporary -> {
                    Files.writeString(temporary.resolve("half"), "2");
                    throw new IllegalStateException("a bug");
                }))
                .isInstanceOf(IllegalStateException.class);
        assertThat(folder.resolve("old")).hasContent("1");
        assertThat(folder.resolve("half")).doesNotExist();
        assertOnly(folder);
    }

    @Test
    void sweepingDeletesWhatACrashLeftAndNothingElse() throws IOException {
        var left = root.resolve(AtomicFiles.UNFINISHED + "bundle-123");
        Files.createDirectories(left.resolve("sub"));
        Files.writeString(left.resolve("sub/a"), "1");
        Files.writeString(root.resolve(AtomicFiles.UNFINISHED + "file-456"), "1");
        var kept = root.resolve("kept");
        Files.writeString(kept, "1");
        AtomicFiles.sweep(root);
        assertOnly(kept);
        AtomicFiles.sweep(root.resolve("not there"));
    }

    @Test
    void deletingDoesNotFollowLinks() throws IOException {
        var outside = Files.createDirectories(root.resolve("outside"));
        Files.writeString(outside.resolve("a"), "1");
        var folder = Files.createDirectories(root.resolve("folder"));
        Files.createSymbolicLink(folder.resolve("link"), outside);
        AtomicFiles.deleteRecursively(folder);
        assertThat(folder).doesNotExist();
        assertThat(outside.resolve("a")).exists();
        AtomicFiles.deleteRecursively(root.resolve("not there"));
    }

    private void assertOnly(Path path) throws IOException {
        try (var paths = Files.list(root)) {
            assertThat(paths).containsExactly(path);
        }
    }
}
