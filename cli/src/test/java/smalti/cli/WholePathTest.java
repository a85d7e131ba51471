package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Precision;
import smalti.spec.file.RecordTree;
import smalti.spec.file.Seal;
import smalti.trainer.Presets;

/** From pictures to pictures by the command line alone, and what it says when something is wrong. */
class WholePathTest {
    private static final TinyModels TINY = TinyModels.made();
    private static final Path folder = TINY.folder();
    private static final Path pictures = TINY.pictures();
    private static final Path codec = TINY.codec();
    private static final Path gan = TINY.gan();

    @Test
    void picturesBecomeCodesAndCodesBecomeWhatReconstructMakes() throws IOException {
        var codes = folder.resolve("codes.npz");
        Cli.run("encode", codec, pictures, "--out", codes).succeeds();
        var decoded = folder.resolve("decoded");
        Cli.run("decode", codec, codes, "--out", decoded).succeeds();
        var rebuilt = folder.resolve("rebuilt");
        Cli.run("reconstruct", codec, pictures, "--out", rebuilt).succeeds();
        try (Stream<Path> files = Files.walk(rebuilt)) {
            var made = files.filter(Files::isRegularFile).toList();
            assertThat(made).hasSize(60);
            assertThat(made)
                    .allSatisfy(file -> assertThat(decoded.resolve(rebuilt.relativize(file)))
                            .hasSameBinaryContentAs(file));
        }
    }

    @Test
    void bundlesDoInEachPrecisionWhatTheirRunsDid() {
        for (var bundle : List.of(codec, gan)) {
            for (var precision : Precision.values()) {
                var options = RuntimeOptions.defaults().withPrecision(precision);
                try (var model = SmaltiModel.open(bundle, options)) {
                    assertThat(model.manifest().files()).containsKey(BundleManifest.PARITY_FILE);
                    model.checkParity();
                } catch (SpecException e) {
                    // which precisions there are is the export's to say
                    assertThat(e).hasMessageContaining("must hold a graph in " + precision);
                }
            }
        }
    }

    @Test
    void picturesOfSeveralSizesKeepTheirs() throws IOException {
        var mixed = Files.createDirectories(folder.resolve("mixed"));
        for (int size : List.of(16, 24, 33)) {
            var picture =
                    smalti.trainer.data.ProceduralPictures.draw(1, size, 9).picture(0);
            smalti.pictures.PictureFiles.writePng(mixed.resolve(size + ".png"), picture);
        }
        var codes = folder.resolve("mixed.npz");
        Cli.run("encode", codec, mixed, "--out", codes).succeeds();
        var out = folder.resolve("mixed-out");
        Cli.run("decode", codec, codes, "--out", out).succeeds();
        assertThat(ImageIO.read(out.resolve("24.png").toFile()).getWidth()).isEqualTo(24);
        assertThat(ImageIO.read(out.resolve("33.png").toFile()).getWidth()).isEqualTo(32);
        var grid = folder.resolve("mixed.png");
        Cli.run("reconstruct", codec, mixed, "--out", grid).succeeds();
        // three pairs in cells of the largest, 32 pixels wide, with gaps of 2
        assertThat(ImageIO.read(grid.toFile()).getWidth()).isEqualTo(6 * 34 + 2);
        assertThat(ImageIO.read(grid.toFile()).getHeight()).isEqualTo(36);
    }

    @Test
    void oneSeedGivesOneGridAndAnotherAnother() throws IOException {
        var first = folder.resolve("a.png");
        var again = folder.resolve("b.png");
        var other = folder.resolve("c.png");
        Cli.run("generate", gan, "--count", 30, "--seed", 5, "--out", first).succeeds();
        Cli.run("generate", gan, "--count", 30, "--seed", 5, "--out", again).succeeds();
        Cli.run("generate", gan, "--count", 30, "--seed", 6, "--out", other).succeeds();
        assertThat(again).hasSameBinaryContentAs(first);
        assertThat(Files.readAllBytes(other)).isNotEqualTo(Files.readAllBytes(first));
        // a column a class, ten classes
        assertThat(ImageIO.read(first.toFile()).getWidth()).isEqualTo(10 * 18 + 2);
        Cli.run("generate", gan, "--count", 3, "--class", "star", "--out", folder.resolve("stars"))
                .succeeds();
        assertThat(folder.resolve("stars/00002.png")).exists();
    }

    @Test
    void inspectSaysWhatIsThere() throws IOException {
        var out = Cli.run("inspect", codec).succeeds().out();
        assertThat(out)
                .contains("tiny: vqvae, opset 17, format 2", "16 codes, one for 4x4 pixels", "detokenize.onnx")
                .contains("every file's SHA-256 is right");
        assertThat(Cli.run("inspect", gan).succeeds().out()).contains("noise        8 numbers", "classes      checker");
        assertThat(Cli.run("inspect", gan, "--json").succeeds().out())
                .isEqualToNormalizingNewlines(Files.readString(gan.resolve("bundle.json")));
        var page = folder.resolve("codec.html");
        assertThat(Cli.run("inspect", codec, "--out", page).succeeds().out()).contains("page         " + page);
        assertThat(Files.readString(page))
                .contains("16 codes, one for 4x4 pixels", "detokenize.onnx", "data:image/png;base64,")
                .contains(BundleManifest.PARITY_FILE)
                .doesNotContain("http");
        Cli.run("inspect", codec, "--size", "h=3").isRefusedFor("must be an ONNX file for --size, got a bundle");
    }

    @Test
    void bundlesAndRunsGoToOtherConsumers() throws IOException {
        var repository = folder.resolve("repository");
        assertThat(Cli.run("export", codec, "--target", "triton", "--out", repository)
                        .succeeds()
                        .out())
                .contains("models: tiny_tokenize, ", "tiny_detokenize, ", "tiny_reconstruct");
        assertThat(repository.resolve("tiny_reconstruct/config.pbtxt")).exists();
        Cli.run("export", codec, "--target", "triton", "--out", repository)
                .failsWith("repository: must be new or empty");
        // a run folder's page shows its held-out pictures, a bundle's shows drawn ones
        Cli.run("export", folder.resolve("run-codec"), "--target", "web", "--out", folder.resolve("page"))
                .succeeds();
        assertThat(folder.resolve("page/samples/05.png")).exists();
        assertThat(folder.resolve("page/samples/06.png")).doesNotExist();
        Cli.run("export", codec, "--target", "web", "--opset", "17", "--keep-slow", "--out", folder.resolve("idle"))
                .isRefusedFor("--opset is for a run folder");
        Cli.run("export", codec, "--target", "web", "--out", folder.resolve("page-of-bundle"))
                .succeeds();
        assertThat(folder.resolve("page-of-bundle/samples/09.png")).exists();
        Cli.run("export", gan, "--target", "web", "--out", folder.resolve("gan-page"))
                .succeeds();
        assertThat(folder.resolve("gan-page/bundle/generator.onnx"))
                .hasSameBinaryContentAs(gan.resolve("generator.onnx"));
        Cli.run("export", codec, "--out", folder.resolve("again.smalti"))
                .failsWith("codec.smalti: is a bundle already");
    }

    record Wrong(String name, List<Object> arguments, List<String> words) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Wrong wrong(String name, List<Object> arguments, String... words) {
        return new Wrong(name, arguments, List.of(words));
    }

    static Stream<Wrong> wrongs() throws IOException {
        var bad = Files.createDirectories(folder.resolve("bad"));
        var empty = Files.createDirectories(bad.resolve("empty"));
        var nothing = Cli.pictures(bad.resolve("zero"), 10);
        Files.write(nothing.resolve("star/zero.png"), new byte[0]);
        Files.writeString(nothing.resolve("disc/text.png"), "no picture");
        var idx = Files.createDirectories(bad.resolve("idx"));
        Files.write(
                idx.resolve("train-images-idx3-ubyte"),
                new byte[] {0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 16, 0, 0, 0, 16, 1});
        var out = bad.resolve("out");
        var spec = Cli.spec(folder, Cli.VQVAE);
        var misspelt = Files.writeString(bad.resolve("misspelt.yaml"), Cli.VQVAE + "speed: 11\n");
        var changed = copied(codec, bad.resolve("changed.smalti"));
        var bytes = Files.readAllBytes(changed.resolve("tokenize.onnx"));
        bytes[bytes.length / 2] ^= 1;
        Files.write(changed.resolve("tokenize.onnx"), bytes);
        var changedManifest = copied(codec, bad.resolve("manifest.smalti"));
        var json = Files.readString(changedManifest.resolve("bundle.json"));
        Files.writeString(changedManifest.resolve("bundle.json"), json.replace("\"lo\" : -0.5", "\"lo\" : -0.4"));
        var other = otherBundle();
        var codes = bad.resolve("codes.npz");
        Cli.run("encode", codec, pictures, "--out", codes).succeeds();
        var text = Files.writeString(bad.resolve("text.npz"), "no codes");
        var run = folder.resolve("run-codec");
        var unfinished = Files.createDirectories(bad.resolve("unfinished"));
        Files.copy(run.resolve("spec.json"), unfinished.resolve("spec.json"));
        var others = Cli.pictures(bad.resolve("others"), 20);
        var demo = bad.resolve("demo");
        Files.createDirectories(demo.resolve("runs/vqvae-demo"));
        Files.writeString(demo.resolve("runs/vqvae-demo/spec.json"), RecordTree.json(Presets.named("vqvae-demo")));
        return Stream.of(
                wrong(
                        "no folder",
                        List.of("train", "--spec", spec, "--data", bad.resolve("none"), "--out", out),
                        "none: "),
                wrong(
                        "an empty folder",
                        List.of("train", "--spec", spec, "--data", empty, "--out", out),
                        "empty: must hold pictures"),
                wrong(
                        "broken pictures",
                        List.of("train", "--spec", spec, "--data", nothing, "--out", out),
                        "zero.png: ",
                        "text.png: "),
                wrong(
                        "a short IDX file",
                        List.of("train", "--spec", spec, "--data", idx, "--out", out),
                        "train-images-idx3-ubyte"),
                wrong(
                        "a wrong key",
                        List.of("train", "--spec", misspelt, "--data", pictures, "--out", out),
                        "speed is not a known key"),
                wrong("an empty run", List.of("export", empty, "--out", out), "holds no export.json"),
                wrong(
                        "an unfinished run",
                        List.of("export", unfinished, "--out", out),
                        "unfinished: is an unfinished run; finish it first: ./smalti train --resume --out "
                                + unfinished),
                wrong(
                        "a run in place of a bundle",
                        List.of("inspect", run),
                        "run-codec: is a run folder; export it first: ./smalti export " + run
                                + " --out run-codec.smalti"),
                wrong("an export over a file", List.of("export", run, "--out", text), "text.npz: must be a folder"),
                wrong(
                        "a run folder that is a file",
                        List.of("train", "--spec", spec, "--data", pictures, "--out", text),
                        "text.npz: must be a folder to write into, and is a file"),
                wrong(
                        "a run folder under a file",
                        List.of("train", "--spec", spec, "--data", pictures, "--out", text.resolve("run")),
                        "run: must lie in a folder, but " + text.toAbsolutePath() + " is a file"),
                wrong(
                        "other pictures than the run's",
                        List.of("train", "--data", others, "--out", run, "--resume"),
                        "run-codec: --data must be the pictures and classes that the run began with, and they differ"),
                wrong(
                        "another kind than the run's",
                        List.of("train", "--preset", "dcgan", "--data", pictures, "--out", run, "--resume"),
                        "model.kind must be \"vqvae\", got \"dcgan\""),
                wrong(
                        "a demo of another seed",
                        List.of("demo", "--out", demo, "--seed", 3),
                        "demo: was begun with --seed 0, got --seed 3; give it another folder, such as --out " + demo
                                + "-3"),
                wrong("no run", List.of("export", bad.resolve("none"), "--out", out), "is no folder"),
                wrong(
                        "another spec than the run's",
                        List.of(
                                "train",
                                "--preset",
                                "vqvae-demo",
                                "--data",
                                pictures,
                                "--out",
                                folder.resolve("run-codec"),
                                "--resume"),
                        "model.hidden must be 8, got 64",
                        "name must be \"tiny\", got \"vqvae-demo\""),
                wrong("a changed byte", List.of("inspect", changed), "tokenize.onnx", "SHA-256"),
                wrong("no bundle", List.of("inspect", empty), "bundle.json"),
                wrong("codes of another bundle", List.of("decode", other, codes, "--out", out), "codes.npz: "),
                wrong(
                        "no codes",
                        List.of("decode", codec, text, "--out", out),
                        "text.npz: must be a whole .npz file, and is not"),
                wrong(
                        "a generator asked to encode",
                        List.of("encode", gan, pictures, "--out", bad.resolve("x.npz")),
                        "gan.smalti: is a generator"),
                wrong(
                        "a codec asked to generate",
                        List.of("generate", codec, "--out", out),
                        "codec.smalti: is a codec"),
                wrong(
                        "an unknown class",
                        List.of("generate", gan, "--class", "cat", "--out", out),
                        "--class must be one of checker",
                        "got cat"),
                wrong(
                        "a run that exists",
                        List.of("train", "--spec", spec, "--data", pictures, "--out", folder.resolve("run-codec")),
                        "holds a run already"),
                wrong(
                        "an export over something else",
                        List.of("export", folder.resolve("run-codec"), "--out", pictures),
                        "pictures: must be new or empty, and holds "),
                wrong(
                        "an export in place of something else",
                        List.of("export", folder.resolve("run-codec"), "--out", pictures, "--overwrite"),
                        "pictures: must be new, empty or a bundle to be overwritten, and holds "),
                wrong(
                        "an export over its run",
                        List.of(
                                "export",
                                folder.resolve("run-codec"),
                                "--out",
                                folder.resolve("run-codec"),
                                "--overwrite"),
                        "run-codec: must be another folder than what is read"),
                wrong(
                        "a reconstruction over its originals",
                        List.of("reconstruct", codec, pictures, "--out", pictures),
                        "must be another folder than what is read"),
                wrong("a changed manifest", List.of("inspect", changedManifest), "bundle.json: must have SHA-256"),
                wrong(
                        "an output under a file",
                        List.of("generate", gan, "--out", text.resolve("x/grid.png")),
                        "text.npz"));
    }

    @ParameterizedTest
    @MethodSource("wrongs")
    void badInputIsNamedAndLeavesNothing(Wrong wrong) {
        Cli.run(wrong.arguments().toArray()).failsWith(wrong.words().toArray(String[]::new));
        assertThat(folder.resolve("bad/out")).doesNotExist();
    }

    @Test
    void whatIsOneProblemIsOneLine() throws IOException {
        var codes = folder.resolve("one-line.npz");
        Cli.run("encode", codec, pictures, "--out", codes).succeeds();
        var bundle = copied(codec, folder.resolve("recoded.smalti"));
        var manifest = RecordTree.read(bundle.resolve("bundle.json"), BundleManifest.class);
        var codebook = Contract.Codebook.ofTable(2, 4, 4)
                .withFingerprint("0".repeat(64)); // most codes are beyond these two as well
        Files.writeString(
                bundle.resolve("bundle.json"),
                RecordTree.json(
                        Seal.on(manifest.withContracts(manifest.contracts().with(codebook)))));
        var refused = Cli.run("decode", bundle, codes, "--out", folder.resolve("one-line"));
        refused.failsWith("one-line.npz: codes must be of this bundle's codebook");
        assertThat(refused.err().lines()).hasSize(1);
        var run = folder.resolve("run-codec");
        var kind = Cli.run("train", "--preset", "dcgan", "--data", pictures, "--out", run, "--resume");
        assertThat(kind.err().lines()).hasSize(1);
    }

    @Test
    void aChangedByteInAnyFileIsRefusedByEveryCommand() throws IOException {
        var codes = folder.resolve("sound.npz");
        Cli.run("encode", codec, pictures, "--out", codes).succeeds();
        var out = folder.resolve("nothing");
        var file = folder.resolve("nothing.npz");
        for (var bundle : List.of(codec, gan)) {
            for (var name : names(bundle)) {
                var changed = copied(bundle, folder.resolve("bytes-" + name + "-" + bundle.getFileName()));
                var bytes = Files.readAllBytes(changed.resolve(name));
                bytes[bytes.length / 2] ^= 1;
                Files.write(changed.resolve(name), bytes);
                for (var command : List.<List<Object>>of(
                        List.of("inspect", changed),
                        List.of("generate", changed, "--out", out),
                        List.of("encode", changed, pictures, "--out", file),
                        List.of("decode", changed, codes, "--out", out),
                        List.of("reconstruct", changed, pictures, "--out", out),
                        List.of("evaluate", changed, "--data", pictures))) {
                    Cli.run(command.toArray()).failsWith(name);
                }
                assertThat(out).doesNotExist();
                assertThat(file).doesNotExist();
            }
        }
    }

    private static List<String> names(Path bundle) throws IOException {
        try (var files = Files.list(bundle)) {
            return files.map(file -> String.valueOf(file.getFileName())).toList();
        }
    }

    @Test
    void aFinishedRunSaysThatNothingWasLeft() throws IOException {
        var run = copied(folder.resolve("run-codec"), folder.resolve("run-finished"));
        var again =
                Cli.run("train", "--data", pictures, "--out", run, "--resume").succeeds();
        assertThat(again.out())
                .contains("nothing was left to train: the run is at step 12 of 12 already; --steps N trains on")
                .doesNotContain("trained tiny");
        assertThat(again.err()).doesNotContain("writing the inference graphs");
        var fewer = Cli.spec(folder, Cli.VQVAE.replace("steps: 12", "steps: 9"));
        assertThat(Cli.run("train", "--spec", fewer, "--data", pictures, "--out", run, "--resume")
                        .succeeds()
                        .err())
                .contains("the run's own training.steps is 12, and holds; the 9 of --spec would need --steps");
        Cli.run("train", "--data", pictures, "--out", run, "--resume", "--steps", 9)
                .failsWith("run-finished: the run is at step 12 of 9 already");
        Files.delete(run.resolve("export.json"));
        Cli.run("train", "--data", pictures, "--out", run, "--resume").succeeds();
        assertThat(run.resolve("export.json")).hasSameBinaryContentAs(folder.resolve("run-codec/export.json"));
    }

    @Test
    void decodedPicturesMayMakeAGrid() throws IOException {
        var one = folder.resolve("one.npz");
        var picture = pictures.resolve("disc/1.png");
        assertThat(Cli.run("encode", codec, picture, "--out", one).succeeds().out())
                .contains("encoded 1 picture: ");
        var grid = folder.resolve("decoded.png");
        assertThat(Cli.run("decode", codec, one, "--out", grid).succeeds().out())
                .contains("decoded 1 picture: ");
        Cli.run("decode", codec, one, "--out", folder.resolve("decoded-one")).succeeds();
        assertThat(ImageIO.read(grid.toFile()).getWidth()).isEqualTo(20); // a gap of 2 on each side
        var mixed = Files.createDirectories(folder.resolve("sizes"));
        for (int size : List.of(16, 24)) {
            var drawn = smalti.trainer.data.ProceduralPictures.draw(1, size, 9).picture(0);
            smalti.pictures.PictureFiles.writePng(mixed.resolve(size + ".png"), drawn);
        }
        Cli.run("encode", codec, mixed, "--out", one, "--overwrite").succeeds();
        Cli.run("decode", codec, one, "--out", grid, "--overwrite").succeeds();
        assertThat(ImageIO.read(grid.toFile()).getWidth()).isEqualTo(2 * 26 + 2);
    }

    private static Path copied(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (var files = Files.list(from)) {
            for (var file : (Iterable<Path>) files::iterator) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
        return to;
    }

    private static Path otherBundle() throws IOException {
        var run = folder.resolve("run-other");
        Cli.run("train", "--spec", Cli.spec(folder, Cli.VQVAE), "--data", pictures, "--out", run, "--seed", 9)
                .succeeds();
        var bundle = folder.resolve("other.smalti");
        Cli.run("export", run, "--out", bundle).succeeds();
        return bundle;
    }

    @Test
    void usageErrorsAreTwoAndHelpIsEverywhere() {
        var nothing = Cli.run("train");
        assertThat(nothing.code()).isEqualTo(2);
        assertThat(nothing.err().lines())
                .containsExactly(
                        "error: Missing required options: '--data=PATH', '--out=RUN'", "see smalti train --help");
        assertThat(Cli.run("generate", gan, "--count", "many", "--out", "x")
                        .err()
                        .lines())
                .containsExactly("error: --count must be a whole number, got many", "see smalti generate --help");
        var noSpec = Cli.run("train", "--data", pictures, "--out", folder.resolve("no-spec"));
        assertThat(noSpec.code()).isEqualTo(2);
        assertThat(noSpec.err()).contains("--spec or --preset");
        assertThat(Cli.run("nonsense").code()).isEqualTo(2);
        assertThat(Cli.run().code()).isEqualTo(2);
        for (var command : List.of(
                "demo",
                "train",
                "presets",
                "export",
                "inspect",
                "generate",
                "encode",
                "decode",
                "reconstruct",
                "evaluate")) {
            assertThat(Cli.run(command, "--help").succeeds().out()).contains("Usage: smalti " + command, "--debug");
        }
    }

    @Test
    void debugShowsWhereAnErrorComesFrom() {
        assertThat(Cli.run("inspect", folder.resolve("none"), "--debug").err()).contains("\tat smalti.");
    }
}
