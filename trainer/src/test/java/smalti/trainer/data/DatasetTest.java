package smalti.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.pictures.PictureFiles;
import smalti.spec.SpecException;
import smalti.spec.model.DataSpec;

class DatasetTest {
    private static final long SEED = 7;
    private static final byte[] HEIC = "\0\0\0\30ftypheic\0\0\0\0mif1heic".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    private Path folder;

    private static Map<String, byte[]> classes() {
        var files = new LinkedHashMap<String, byte[]>();
        for (int i = 0; i < 4; i++) {
            files.put("dog/" + i + ".png", Fixtures.png(100 + i));
            files.put("cat/" + i + ".PNG", Fixtures.png(i));
        }
        files.put("cat/.DS_Store", new byte[3]);
        files.put("cat/Thumbs.db", new byte[3]);
        files.put("__MACOSX/cat/._0.png", new byte[3]);
        files.put("readme.txt", new byte[3]);
        return files;
    }

    private static Map<String, byte[]> below(String root, Map<String, byte[]> files) {
        var moved = new LinkedHashMap<String, byte[]>();
        files.forEach((name, bytes) -> moved.put(root + name, bytes));
        return moved;
    }

    private static Dataset open(Path path) {
        return Dataset.open(path, Fixtures.RGB_8, Fixtures.STRICT, SEED, LoadListener.none());
    }

    private static List<String> names(Pictures pictures) {
        return IntStream.range(0, pictures.count()).mapToObj(pictures::name).toList();
    }

    @Test
    void aFolderAClassGivesLabelsInTheOrderOfNames() throws IOException {
        var dataset = open(Fixtures.folder(folder, classes()));
        assertThat(dataset.train().count()).isEqualTo(6);
        assertThat(dataset.heldOut().count()).isEqualTo(2);
        assertThat(dataset.train().classes()).containsExactly("cat", "dog");
        for (var part : List.of(dataset.train(), dataset.heldOut())) {
            assertThat(names(part)).isSorted();
            for (int i = 0; i < part.count(); i++) {
                var name = part.name(i);
                boolean cat = name.startsWith("cat/");
                int number = name.charAt(4) - '0';
                assertThat(part.label(i)).isEqualTo(cat ? 0 : 1);
                assertThat(part.picture(i).pixels())
                        .isEqualTo(Fixtures.pattern(8, 8, 3, cat ? number : 100 + number)
                                .pixels());
            }
        }
        assertThat(names(dataset.train())).doesNotContainAnyElementsOf(names(dataset.heldOut()));
    }

    @Test
    void theSeedAloneChoosesWhatIsHeldOut() throws IOException {
        var path = Fixtures.folder(folder, classes());
        assertThat(names(open(path).heldOut())).isEqualTo(names(open(path).heldOut()));
        var others = IntStream.range(0, 5)
                .mapToObj(seed -> names(Dataset.open(path, Fixtures.RGB_8, Fixtures.STRICT, seed, LoadListener.none())
                        .heldOut()))
                .distinct();
        assertThat(others).hasSizeGreaterThan(1);
    }

    @Test
    void zipsAndWrappingFoldersGiveTheSamePictures() throws IOException {
        var plain = open(Fixtures.folder(folder.resolve("plain"), classes()));
        for (var path : List.of(
                Fixtures.zip(folder.resolve("a.zip"), classes()),
                Fixtures.zip(folder.resolve("b.zip"), below("wrap/", classes())),
                Fixtures.zip(folder.resolve("c.zip"), below("wrap/train/", classes())),
                Fixtures.folder(folder.resolve("wrapped"), below("one/two/", classes())))) {
            var same = open(path);
            assertThat(same.train().pixels())
                    .as("%s", path)
                    .isEqualTo(plain.train().pixels());
            assertThat(same.heldOut().pixels()).isEqualTo(plain.heldOut().pixels());
            assertThat(same.train().classes()).containsExactly("cat", "dog");
        }
    }

    @Test
    void aTestFolderIsHeldOut() throws IOException {
        var files = below("train/", classes());
        files.put("test/dog/9.png", Fixtures.png(9));
        files.put("val/dog/9.png", Fixtures.png(9));
        for (var path : List.of(
                Fixtures.folder(folder.resolve("f"), files),
                Fixtures.zip(folder.resolve("a.zip"), files),
                Fixtures.zip(folder.resolve("b.zip"), below("wrap/", files)))) {
            var listener = new Fixtures.Listener();
            var dataset = Dataset.open(path, Fixtures.RGB_8, Fixtures.STRICT, SEED, listener);
            assertThat(dataset.train().count()).isEqualTo(8);
            assertThat(dataset.heldOut().count()).isEqualTo(1);
            assertThat(dataset.heldOut().label(0)).isEqualTo(1);
            assertThat(listener.warnings).hasSize(2);
            assertThat(listener.warnings.get(0)).endsWith("val is not used");
            assertThat(listener.warnings.get(1)).isEqualTo("2 files left out: 1 .db, 1 .txt");
            assertThat(listener.done).endsWith(9).isSorted();
        }
    }

    @Test
    void aFlatFolderHasNoLabels() throws IOException {
        var files = Map.of("a.png", Fixtures.png(1), "b.png", Fixtures.png(2), "c.png", Fixtures.png(3));
        var dataset = open(Fixtures.folder(folder, files));
        assertThat(dataset.train().count()).isEqualTo(2);
        assertThat(dataset.heldOut().count()).isEqualTo(1);
        assertThat(dataset.train().isLabelled()).isFalse();
        assertThat(dataset.train().classes()).isEmpty();
    }

    @Test
    void otherSizesAreFitted() throws IOException {
        var files = Map.of(
                "a.png", PictureFiles.png(Fixtures.pattern(37, 23, 1, 0)),
                "b.png", PictureFiles.png(Fixtures.pattern(9, 40, 3, 0)),
                "c.png", Fixtures.png(3));
        var dataset = open(Fixtures.folder(folder, files));
        assertThat(dataset.train().pictureBytes()).isEqualTo(192);
        assertThat(dataset.train().channels()).isEqualTo(3);
    }

    @Test
    void allUnreadablePicturesAreReportedAtOnceAndCapped() throws IOException {
        var files = new LinkedHashMap<>(below("train/", classes()));
        files.put("test/dog/1.png", new byte[0]);
        for (int i = 0; i < 24; i++) {
            files.put("train/dog/bad" + (100 + i) + ".jpg", "no".getBytes(StandardCharsets.UTF_8));
        }
        var path = Fixtures.folder(folder, files);
        assertThatThrownBy(() -> open(path)).isInstanceOfSatisfying(SpecException.class, e -> {
            assertThat(e.problems()).hasSize(22);
            assertThat(e.problems().get(0))
                    .isEqualTo(path.resolve("train/dog/bad100.jpg")
                            + ": must be PNG, JPEG, WebP, TIFF, GIF or BMP, but begins with the text \"no\"");
            assertThat(e.problems().get(20)).isEqualTo("... and 5 more");
        });
    }

    @Test
    void unreadablePicturesAreSkippedOnRequest() throws IOException {
        var files = new LinkedHashMap<>(classes());
        files.put("cat/1.PNG", new byte[0]);
        var path = Fixtures.folder(folder, files);
        var listener = new Fixtures.Listener();
        var dataset = Dataset.open(path, Fixtures.RGB_8, Fixtures.LENIENT, SEED, listener);
        assertThat(dataset.train().count() + dataset.heldOut().count()).isEqualTo(7);
        assertThat(listener.warnings)
                .containsExactly(
                        "skipped 1 unreadable of 8 pictures:\n" + path.resolve("cat/1.PNG")
                                + ": must be a picture, but is empty (0 bytes)",
                        "3 files left out: 1 .db, 1 .txt, 1 unreadable");
        for (int i = 0; i < dataset.train().count(); i++) {
            var name = dataset.train().name(i);
            assertThat(dataset.train().picture(i).pixels())
                    .isEqualTo(Fixtures.pattern(8, 8, 3, name.charAt(4) - '0' + (name.startsWith("dog") ? 100 : 0))
                            .pixels());
        }
    }

    @Test
    void aClassWhosePicturesAreAllSkippedIsAnError() throws IOException {
        var files = new LinkedHashMap<>(classes());
        files.put("eel/0.png", new byte[0]);
        var path = Fixtures.folder(folder, files);
        assertThatThrownBy(() -> Dataset.open(path, Fixtures.RGB_8, Fixtures.LENIENT, SEED, LoadListener.none()))
                .isInstanceOf(SpecException.class)
                .hasMessage(path + ": class eel must have a readable picture, got 0");
    }

    @Test
    void classFoldersWithoutPicturesAreAllNamed() throws IOException {
        var files = new LinkedHashMap<>(classes());
        files.put("eel/", new byte[0]);
        files.put("fox/notes.txt", new byte[1]);
        var path = Fixtures.folder(folder, files);
        assertThatThrownBy(() -> open(path))
                .isInstanceOf(SpecException.class)
                .hasMessage(path.resolve("eel") + ": a class folder must hold at least 1 picture, got 0\n"
                        + path.resolve("fox") + ": a class folder must hold at least 1 picture, got 0");
    }

    @Test
    void whatIsNoDataSetSaysWhy() throws IOException {
        assertOpenFails(
                folder.resolve("none"), ": must be a picture, or a folder or a ZIP of pictures, but does not exist");
        assertOpenFails(
                Files.createDirectory(folder.resolve("empty")),
                ": must hold pictures (PNG, JPEG, WebP, TIFF, GIF or BMP), but is empty");
        assertOpenFails(
                Fixtures.folder(folder.resolve("other"), Map.of("a.heic", HEIC, "b.heic", HEIC)),
                ": must hold pictures (PNG, JPEG, WebP, TIFF, GIF or BMP), but has only 2 other files, such as a.heic;"
                        + " HEIC is not read");
        assertOpenFails(
                Fixtures.folder(folder.resolve("few"), Map.of("a.png", Fixtures.png(1), "b.png", Fixtures.png(2))),
                ": must hold at least 3 pictures (2 to train on and 1 to hold out), got 2");
        assertOpenFails(
                Fixtures.folder(
                        folder.resolve("mixed"), Map.of("a.png", Fixtures.png(1), "cat/b.png", Fixtures.png(2))),
                ": must hold pictures or class folders, not both; got 1 pictures directly and also cat/b.png");
        var noZip = folder.resolve("no.zip");
        Files.writeString(noZip, "these are words");
        assertThatThrownBy(() -> open(noZip))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith(
                        noZip + ": must be a picture, a folder or a ZIP of pictures, or IDX files, and is none");
        Files.write(
                noZip,
                java.util.Arrays.copyOf(Files.readAllBytes(Fixtures.zip(folder.resolve("z.zip"), classes())), 900));
        assertThatThrownBy(() -> open(noZip))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith(noZip
                        + ": must be a picture, a folder or a ZIP of pictures, or IDX files, and is a damaged ZIP");
    }

    @Test
    void aTestClassThatTrainLacksIsNamed() throws IOException {
        var files = below("train/", classes());
        files.put("test/eel/9.png", Fixtures.png(9));
        var path = Fixtures.folder(folder.resolve("a"), files);
        assertThatThrownBy(() -> open(path))
                .isInstanceOf(SpecException.class)
                .hasMessage(path.resolve("test/eel") + ": must be a class of train too (cat, dog), and is not");
        var flat = below("train/", classes());
        flat.put("test/9.png", Fixtures.png(9));
        assertOpenFails(
                Fixtures.folder(folder.resolve("b"), flat),
                ": train and test must both have a folder a class, or neither");
    }

    @Test
    void aSplitHoldsOutAtLeastOneAndLeavesTwo() {
        var pictures = Pictures.of(1, 1, 1, new byte[3]);
        assertThat(Dataset.split(pictures, 0.01, 1).heldOut().count()).isEqualTo(1);
        assertThat(Dataset.split(pictures, 0.5, 1).train().count()).isEqualTo(2);
        assertThat(Dataset.split(Pictures.of(1, 1, 1, new byte[1000]), 0.1, 1)
                        .heldOut()
                        .count())
                .isEqualTo(100);
    }

    @Test
    void theSpecsExamplesOfFitAreBothTaken() throws IOException {
        var files = Map.of(
                "a.png",
                Fixtures.png(1),
                "b.png",
                PictureFiles.png(Fixtures.pattern(8, 16, 3, 0)),
                "c.png",
                Fixtures.png(3));
        var path = Fixtures.folder(folder, files);
        var stretch = new DataSpec(DataSpec.Fit.STRETCH, DataSpec.BadImages.FAIL, 0.25, false);
        var stretched = Dataset.open(path, Fixtures.RGB_8, stretch, SEED, LoadListener.none());
        assertThat(stretched.train().pixels()).isNotEqualTo(open(path).train().pixels());
    }

    private static void assertOpenFails(Path path, String problem) {
        assertThatThrownBy(() -> open(path)).isInstanceOf(SpecException.class).hasMessage(path + problem);
    }
}
