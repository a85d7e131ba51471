package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** Whatever is wrong, a message speaks a user's language, names files by the paths that were given, and exits alike. */
class MessagesTest {
    private static final TinyModels TINY = TinyModels.made();

    /** Words of Java, of parsers and of libraries. */
    private static final Pattern FOREIGN =
            Pattern.compile("null|\\bint\\b|\\blong\\b|java\\.|Exception|com\\.google|[Pp]rotobuf|[A-Z]+_[A-Z]+");

    @TempDir
    private static Path folder;

    record Use(String name, List<Object> arguments, String word) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Use use(String word, Object... arguments) {
        return new Use(Stream.of(arguments).map(String::valueOf).toList() + " → " + word, List.of(arguments), word);
    }

    private static List<String> commands() {
        return List.copyOf(new CommandLine(new Main(), new CommandFactory(Cli.console()))
                .getSubcommands()
                .keySet());
    }

    /** Every command without what it needs, with an option that there is none of, and with one word too many. */
    static Stream<Use> wrongUses() {
        var uses = new ArrayList<Use>();
        for (var command : commands()) {
            boolean needsNothing = List.of("demo", "presets").contains(command);
            uses.add(use(needsNothing ? "Unknown option: '--nonsense'" : "Missing required", command, "--nonsense"));
            if (!needsNothing) {
                uses.add(use("Missing required", command));
            }
            uses.add(use("error: ", command, "a", "b", "c", "d"));
            // every option with a value that is none of its kind
            var line = Objects.requireNonNull(new CommandLine(new Main(), new CommandFactory(Cli.console()))
                    .getSubcommands()
                    .get(command));
            for (var option : line.getCommandSpec().options()) {
                var type = option.auxiliaryTypes()[option.auxiliaryTypes().length - 1];
                boolean number = Stream.of(int.class, Integer.class, long.class, Long.class, double.class, Double.class)
                        .anyMatch(type::equals);
                if (number && !option.isMultiValue()) {
                    uses.add(use(option.longestName() + " must be a", command, option.longestName() + "=many"));
                } else if (option.arity().max() == 0) {
                    uses.add(use(option.longestName(), command, option.longestName() + "=maybe"));
                } else if (type.equals(Path.class)) {
                    uses.add(use(option.longestName() + " must be a path", command, option.longestName() + "= "));
                } else if (option.isMultiValue() && option.auxiliaryTypes().length == 2) {
                    uses.add(use(option.longestName(), command, option.longestName() + "=nothing"));
                }
            }
        }
        var pictures = TINY.pictures();
        var gan = TINY.gan();
        var out = folder.resolve("out");
        var onnx = TINY.codec().resolve("decoder.onnx");
        uses.addAll(List.of(
                use("Unmatched argument", "nonsense"),
                use("a command is missing"),
                use("--count must be from 1", "generate", gan, "--count", 0, "--out", out),
                use(
                        "--count must be from 1 to 1000000, got 99999999999",
                        "generate",
                        gan,
                        "--count",
                        "99999999999",
                        "--out",
                        out),
                use("--precision must be one of fp32, fp16, int8", "generate", gan, "--precision", "x", "--out", out),
                use("--target must be one of bundle, triton, web", "export", gan, "--target", "x", "--out", out),
                use("--precisions must be one of", "export", TINY.codecRun(), "--precisions", "x", "--out", out),
                use("--opset must be from", "export", TINY.codecRun(), "--opset", 99, "--out", out),
                use("--opset must be from", "convert", onnx, "--opset", 1, "--out", out),
                use(
                        "--activations must be one of",
                        "quantize",
                        onnx,
                        "--activations",
                        "x",
                        "--calibrate",
                        pictures,
                        "--out",
                        out),
                use("--max-drop must be", "quantize", onnx, "--max-drop", "x", "--calibrate", pictures, "--out", out),
                use(
                        "--pixel-range must be",
                        "quantize",
                        onnx,
                        "--pixel-range",
                        "1,0",
                        "--calibrate",
                        pictures,
                        "--out",
                        out),
                use(
                        "--mean must be a number",
                        "quantize",
                        onnx,
                        "--mean",
                        "a,b",
                        "--calibrate",
                        pictures,
                        "--out",
                        out),
                use("give one of them", "train", "--spec", "a", "--preset", "b", "--data", pictures, "--out", out),
                use(
                        "training.steps must be at least 1, got 0",
                        "train",
                        "--preset",
                        "vqvae",
                        "--steps",
                        0,
                        "--data",
                        pictures,
                        "--out",
                        out),
                use(
                        "--size must be pixels",
                        "train",
                        "--preset",
                        "vqvae",
                        "--size",
                        "big",
                        "--data",
                        pictures,
                        "--out",
                        out),
                use(
                        "model.hiden is no key of this model; nearest: model.hidden",
                        "train",
                        "--preset",
                        "vqvae",
                        "--set",
                        "model.hiden=3",
                        "--data",
                        pictures,
                        "--out",
                        out),
                use(
                        "--seed must be a whole number of fewer digits",
                        "generate",
                        gan,
                        "--seed",
                        "99999999999999999999",
                        "--out",
                        out),
                use(
                        "--least-agreement must be from 0 to 1, got 7.0",
                        "quantize",
                        onnx,
                        "--least-agreement",
                        7,
                        "--least-psnr",
                        35,
                        "--calibrate",
                        pictures,
                        "--out",
                        out),
                use(
                        "--external-data-above must be at least 0",
                        "optimize",
                        onnx,
                        "--external-data-above",
                        -5,
                        "--out",
                        out),
                use(
                        "--external-data-above must be at least 0",
                        "convert",
                        onnx,
                        "--external-data-above",
                        -5,
                        "--out",
                        out),
                use("must be left out without --samples", "optimize", onnx, "--mean", "1,2", "--out", out),
                use("must be left out without --samples", "diff", onnx, onnx, "--std", "1,2"),
                use("must be left out without --samples", "convert", onnx, "--mean", "1", "--opset", 18, "--out", out),
                use(
                        "must be left out for the arrays of ",
                        "quantize",
                        onnx,
                        "--pixel-range",
                        "0,1",
                        "--calibrate",
                        "x.npz",
                        "--out",
                        out),
                use("--calibrate is for --precision fp16", "convert", onnx, "--calibrate", pictures, "--out", out),
                use("--inputs, --outputs, --shape and --isolated", "convert", onnx, "--inputs", "x", "--out", out),
                use("--samples and --unproven are for ONNX files", "convert", "x.fb", "--unproven", "--out", out),
                use("--size n must be at least 1, got 0", "inspect", onnx, "--size", "n=0"),
                use("must be an ONNX file for --size", "inspect", gan, "--size", "n=1"),
                use("end in .png", "generate", gan, "--out", folder.resolve("x.jpg"))));
        return uses.stream();
    }

    @ParameterizedTest
    @MethodSource("wrongUses")
    void wrongUseExitsWithTwoInAUsersWords(Use use) {
        var result = Cli.run(use.arguments().toArray());
        assertThat(result.err()).contains(use.word()).doesNotContainPattern(FOREIGN);
        assertThat(result.code()).as(result.err()).isEqualTo(2);
        assertThat(result.err()).startsWith("error: ").contains("see smalti").doesNotContain("option option", "Error:");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    /** Files that no command can read, given to each that reads such a file. */
    static Stream<Use> wrongFiles() throws IOException {
        var bad = Files.createDirectories(folder.resolve("bad/deep"));
        var out = folder.resolve("out");
        var png = folder.resolve("out.png");
        var npz = folder.resolve("out.npz");
        var text = Files.writeString(bad.resolve("text.onnx"), "no model at all\n");
        var empty = Files.write(bad.resolve("empty.onnx"), new byte[0]);
        var flat = Files.writeString(bad.resolve("graph.fb"), "no graph");
        var pictures = TINY.pictures();
        var other = bad.resolve("other.npz");
        Files.writeString(other, "no codes");
        var manifest = Files.createDirectories(bad.resolve("manifest.smalti"));
        Files.writeString(manifest.resolve("bundle.json"), "{\"format\" : 1");
        var truncated = Files.createDirectories(bad.resolve("truncated.smalti"));
        Files.writeString(truncated.resolve("bundle.json"), "{} {}");
        var run = Files.createDirectories(bad.resolve("run"));
        Files.writeString(run.resolve("export.json"), "{\"format\" : nothing}");
        var uses = new ArrayList<Use>();
        for (var path : List.of(text, empty)) {
            for (var command : List.of("check", "inspect")) {
                uses.add(use(path.toString(), command, path));
            }
            uses.add(use(path.toString(), "optimize", path, "--out", folder.resolve("out.onnx")));
            uses.add(use(path.toString(), "diff", path, TINY.codec().resolve("decoder.onnx")));
            uses.add(use(path.toString(), "convert", path, "--opset", 20, "--out", folder.resolve("out.onnx")));
            uses.add(use(
                    path.toString(), "quantize", path, "--calibrate", pictures, "--out", folder.resolve("out.onnx")));
        }
        for (var path : List.of(text, manifest, truncated, pictures, TINY.codecRun(), bad.resolve("none.smalti"))) {
            uses.add(use(path.toString(), "generate", path, "--out", out));
            uses.add(use(path.toString(), "encode", path, pictures, "--out", npz));
            uses.add(use(path.toString(), "decode", path, other, "--out", out));
            uses.add(use(path.toString(), "reconstruct", path, pictures, "--out", png));
            uses.add(use(path.toString(), "evaluate", path, "--data", pictures));
        }
        var codec = TINY.codec();
        uses.addAll(List.of(
                use(flat.toString(), "convert", flat, "--out", folder.resolve("out.onnx")),
                use(codec + ": must be an ONNX file, and is a bundle", "check", codec),
                use(
                        codec + ": must be an ONNX file, and is a bundle",
                        "optimize",
                        codec,
                        "--out",
                        folder.resolve("out.onnx")),
                use(
                        codec + ": is a codec, which takes pictures and makes none of its own; use smalti reconstruct",
                        "generate",
                        codec,
                        "--out",
                        out),
                use(TINY.gan() + ": is a generator", "encode", TINY.gan(), pictures, "--out", npz),
                use(TINY.gan() + ": is a generator", "decode", TINY.gan(), other, "--out", out),
                use(TINY.gan() + ": is a generator", "reconstruct", TINY.gan(), pictures, "--out", out),
                use(other.toString(), "decode", codec, other, "--out", out),
                use(other.toString(), "encode", codec, other, "--out", npz),
                use(text.toString(), "evaluate", codec, "--data", text),
                use(run.toString(), "export", run, "--out", out),
                use(bad.resolve("none").toString(), "export", bad.resolve("none"), "--out", out)));
        for (var yaml : List.of(
                "preset: vqvae\n\ttraining: {}\n",
                "preset: [vqvae\n",
                "a: b: c\n",
                "- a\n",
                "",
                "~\n",
                "preset: 'vqvae\n",
                "preset: vqvae\npreset: dcgan\n",
                "preset: vqvae\nname: @x\n",
                "preset: none\n",
                "preset: vqvae\ntraining: {batch: many}\nmodel: {hidden: 1e99}\n",
                "preset: vqvae\ndata: {fit: x}\n",
                "preset: vqvae\n training: 3\n",
                "preset: vqvae\ntraining\n  steps: 3\n",
                "preset: vqvae\ntraining: {steps: 3\nname: x\n")) {
            var spec = Files.writeString(bad.resolve("spec" + uses.size() + ".yaml"), yaml);
            uses.add(use(spec.toString(), "train", "--spec", spec, "--data", pictures, "--out", out));
        }
        return uses.stream();
    }

    @ParameterizedTest
    @MethodSource("wrongFiles")
    void whatIsWrongInAFileIsSaidInAUsersWords(Use use) {
        var result = Cli.run(use.arguments().toArray());
        assertThat(result.code()).as(result.err()).isEqualTo(Main.WRONG_INPUT);
        assertThat(result.err()).startsWith("error: ").contains(use.word());
        assertThat(result.err()
                        .replace(folder.toString(), "")
                        .replace(TINY.folder().toString(), ""))
                .doesNotContainPattern(FOREIGN);
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void aClassIsFoundInAnyCase() {
        Cli.run("generate", TINY.gan(), "--count", 1, "--class", "STAR", "--out", folder.resolve("star.png"))
                .succeeds();
        Cli.run("generate", TINY.gan(), "--count", 1, "--class", "stars", "--out", folder.resolve("other.png"))
                .failsWith("--class must be one of checker", "got stars");
    }
}
