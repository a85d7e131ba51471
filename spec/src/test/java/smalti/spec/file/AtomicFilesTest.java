package smalti.spec.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.SpecException;

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
                .hasMessageContaining("a.txt: could not be written (disk full); nothing was changed");
        assertThat(file).hasContent("old");
        assertOnly(file);
    }

    @Test
    void aPlaceUnderAFileIsRefusedInAUsersWords() throws IOException {
        var file = Files.writeString(root.resolve("a.txt"), "old");
        for (var target : new Path[] {file.resolve("b.txt"), file.resolve("b/c.txt")}) {
            assertThatThrownBy(() -> AtomicFiles.writeString(target, "new"))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(target + ": could not be written (")
                    .hasMessageEndingWith("); nothing was changed")
                    .hasMessageNotContainingAny("Exception", AtomicFiles.UNFINISHED);
        }
        assertThat(file).hasContent("old");
    }

    @Test
    void aFileThatFailsInAFolderIsNamedAsItWouldHaveBeen() {
        var folder = root.resolve("bundle");
        assertThatThrownBy(() ->
                        AtomicFiles.writeFolder(folder, unfinished -> Files.readString(unfinished.resolve("x.onnx"))))
                .hasMessage(folder + ": could not be written ("
                        + folder.toAbsolutePath().resolve("x.onnx") + " does not exist); nothing was changed");
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
    void whatADeadProcessLeftOfTheSameTargetGoesAndNothingElse() throws IOException {
        long dead = 999_999_999_999L; // above any process number
        long alive = ProcessHandle.current().pid();
        var left = Files.createDirectories(root.resolve(AtomicFiles.UNFINISHED + "bundle-" + dead + "-x/sub"));
        Files.writeString(left.resolve("a"), "1");
        var other = Files.writeString(root.resolve(AtomicFiles.UNFINISHED + "file-" + dead + "-x"), "1");
        var busy = Files.writeString(root.resolve(AtomicFiles.UNFINISHED + "bundle-" + alive + "-x"), "1");
        var bundle = root.resolve("bundle");
        AtomicFiles.writeFolder(bundle, folder -> Files.writeString(folder.resolve("b"), "2"));
        try (var paths = Files.list(root)) {
            assertThat(paths).containsExactlyInAnyOrder(bundle, other, busy);
        }
    }

    private void writeModel(String version, boolean withData) throws IOException {
        AtomicFiles.writeGroup(root.resolve("m.onnx"), List.of("m.onnx.data"), folder -> {
            Files.writeString(folder.resolve("m.onnx"), version);
            if (withData) {
                Files.writeString(folder.resolve("m.onnx.data"), version);
            }
        });
    }

    private List<Path> files() throws IOException {
        try (var paths = Files.list(root)) {
            return paths.sorted().toList();
        }
    }

    @Test
    void aGroupIsReplacedWithAllThatBelongsToIt() throws IOException {
        var file = root.resolve("m.onnx");
        var data = root.resolve("m.onnx.data");
        var other = Files.writeString(root.resolve("m.onnx.txt"), "stays");
        Files.writeString(data, "belonged to one that is gone");
        writeModel("1", false);
        assertThat(data).doesNotExist();
        for (var version : List.of("2", "3")) {
            writeModel(version, true);
            assertThat(file).hasContent(version);
            assertThat(data).hasContent(version);
        }
        writeModel("4", false);
        assertThat(files()).containsExactly(file, other);
        assertThat(file).hasContent("4");
    }

    @Test
    void aFailingWriterLeavesTheOldGroupAlone() throws IOException {
        writeModel("1", true);
        assertThatThrownBy(() -> AtomicFiles.writeGroup(root.resolve("m.onnx"), List.of("m.onnx.data"), folder -> {
                    Files.writeString(folder.resolve("m.onnx.data"), "2");
                    throw new IOException("disk full");
                }))
                .hasMessageContaining("m.onnx: could not be written (disk full); nothing was changed");
        assertThat(root.resolve("m.onnx.data")).hasContent("1");
        assertThat(files()).hasSize(2);
    }

    @Test
    void aGroupThatACrashCutInTwoComesBack() throws IOException {
        // the old ones are aside, and of the new ones the data alone are in place
        var old = Files.createDirectories(root.resolve(".replaced-m.onnx"));
        Files.writeString(old.resolve("m.onnx"), "old");
        Files.writeString(old.resolve("m.onnx.data"), "old");
        Files.writeString(root.resolve("m.onnx.data"), "new");
        assertThatThrownBy(() -> AtomicFiles.writeGroup(root.resolve("m.onnx"), List.of("m.onnx.data"), folder -> {
                    throw new IllegalStateException("a bug");
                }))
                .hasMessage("a bug");
        assertThat(files()).containsExactly(root.resolve("m.onnx"), root.resolve("m.onnx.data"));
        for (var file : files()) {
            assertThat(file).hasContent("old");
        }
        // all was in place but for the old ones' end
        Files.createDirectories(old);
        Files.writeString(old.resolve("m.onnx"), "older");
        writeModel("new", true);
        assertThat(files()).hasSize(2);
        assertThat(root.resolve("m.onnx")).hasContent("new");
    }

    @Test
    void aReplacementThatACrashCutInTwoIsUndone() throws IOException {
        var old = Files.createDirectories(root.resolve(".replaced-bundle"));
        Files.writeString(old.resolve("a"), "old");
        var bundle = root.resolve("bundle");
        assertThatThrownBy(() -> AtomicFiles.writeFolder(bundle, folder -> {
                    throw new IOException("full");
                }))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("bundle: could not be written (full); nothing was changed");
        assertThat(bundle.resolve("a")).hasContent("old");
        assertOnly(bundle);
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

    @Test
    void twoMayDeleteTheSameFolder() throws Exception {
        for (int round = 0; round < 20; round++) {
            var folder = Files.createDirectories(root.resolve("folder"));
            for (int i = 0; i < 50; i++) {
                Files.writeString(
                        Files.createDirectories(folder.resolve("part-" + i)).resolve("file"), "1");
            }
            var other = CompletableFuture.runAsync(() -> delete(folder));
            delete(folder);
            other.get();
            assertThat(folder).doesNotExist();
        }
    }

    private static void delete(Path folder) {
        try {
            AtomicFiles.deleteRecursively(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void assertOnly(Path path) throws IOException {
        try (var paths = Files.list(root)) {
            assertThat(paths).containsExactly(path);
        }
    }

    @Test
    void whatALinkLeadsToIsReplacedAndNotTheLink() throws IOException {
        var file = Files.writeString(root.resolve("file"), "old");
        var link = Files.createSymbolicLink(root.resolve("link"), file);
        AtomicFiles.writeString(link, "new");
        assertThat(link).isSymbolicLink();
        assertThat(file).hasContent("new");
        var whole = Files.createDirectories(root.resolve("whole"));
        Files.writeString(whole.resolve("a"), "old");
        var other = Files.createSymbolicLink(root.resolve("other"), whole);
        AtomicFiles.writeFolder(other, target -> Files.writeString(target.resolve("b"), "new"));
        assertThat(other).isSymbolicLink();
        assertThat(whole.resolve("b")).hasContent("new");
        assertThat(whole.resolve("a")).doesNotExist();
    }

    @Test
    void whatIsSetAsideComesBackUntilItIsForgotten() throws IOException {
        var place = Files.createDirectories(root.resolve("place"));
        Files.writeString(place.resolve("a"), "old");
        var aside = Aside.of(place);
        assertThat(place).doesNotExist();
        Files.createDirectories(place);
        Files.writeString(place.resolve("b"), "new");
        assertThat(aside.restore()).isTrue();
        assertThat(place).isDirectoryContaining("glob:**a").isDirectoryNotContaining("glob:**b");
        assertThat(aside.restore()).isFalse();

        var gone = Aside.of(place);
        Files.createDirectories(place);
        gone.forget();
        assertThat(gone.restore()).isFalse();
        assertThat(place).isEmptyDirectory();
    }

    @Test
    void oneThatStopsTheProcessAndOneThatForgetsDoNotDeleteTheOldAndTheNew() throws Exception {
        var place = Files.createDirectories(root.resolve("place"));
        Files.writeString(place.resolve("a"), "old");
        var aside = Aside.of(place);
        Files.createDirectories(place);
        var forgets = new Thread(() -> delete(aside));
        // as the process that is told to end does while it deletes the new one
        synchronized (AtomicFiles.PLACE) {
            forgets.start();
            while (forgets.isAlive() && forgets.getState() != Thread.State.BLOCKED) {
                Thread.onSpinWait();
            }
            assertThat(forgets.isAlive()).as("waits").isTrue();
            try (var files = Files.walk(root)) {
                assertThat(files).anyMatch(file -> file.endsWith("a"));
            }
        }
        forgets.join();
        assertOnly(place);
    }

    private static void delete(Aside aside) {
        try {
            aside.forget();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A process that is no more leaves its number in the name. */
    @Test
    void whatACrashLeftAsideIsPutBackInPlaceOfWhatHadBegun() throws Exception {
        var place = Files.createDirectories(root.resolve("place"));
        Files.writeString(place.resolve("a"), "begun");
        var ended = new ProcessBuilder("true").start();
        ended.waitFor();
        var left = Files.createDirectories(root.resolve(".aside-place-" + ended.pid()));
        Files.writeString(left.resolve("a"), "old");
        assertThat(AtomicFiles.recover(place)).isTrue();
        assertThat(place.resolve("a")).hasContent("old");
        assertOnly(place);
        assertThat(AtomicFiles.recover(place)).isFalse();
    }

    @Test
    void anotherProcessThatReplacesAFolderIsLeftAlone() throws Exception {
        var place = Files.createDirectories(root.resolve("place"));
        Files.writeString(place.resolve("a"), "begun");
        var other = new ProcessBuilder("sleep", "600").start();
        try {
            var aside = Files.createDirectories(root.resolve(".aside-place-" + other.pid()));
            Files.writeString(aside.resolve("a"), "old");
            assertThatThrownBy(() -> Aside.of(place))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContainingAll(place.toString(), "process " + other.pid(), aside.toString());
            assertThat(place.resolve("a")).hasContent("begun");
            assertThat(aside.resolve("a")).hasContent("old");
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    void whatALinkLedToComesBackWhereItWas() throws Exception {
        var place = Files.createDirectories(root.resolve("place"));
        Files.writeString(place.resolve("a"), "old");
        var link = Files.createSymbolicLink(root.resolve("link"), Path.of("place"));
        var ended = new ProcessBuilder("true").start();
        ended.waitFor();
        Files.move(place, root.resolve(".aside-place-" + ended.pid()));
        assertThat(AtomicFiles.recover(link)).isTrue();
        assertThat(link).isSymbolicLink();
        assertThat(place.resolve("a")).hasContent("old");
    }
}
