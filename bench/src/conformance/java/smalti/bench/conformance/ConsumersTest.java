package smalti.bench.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/** {@code docs/consumers.md} says who runs what of a bundle: it is made from what they did. */
final class ConsumersTest {
    private static final Path PAGE = Path.of("../docs/consumers.md");
    private static final String OPENCV = "OpenCV 4";
    private static final List<Hole> HOLES = List.of(
            new Hole(
                    "OpenCV 4.6",
                    ".*\\.fp16",
                    "Unsupported data type: FLOAT16",
                    "OpenCV 4.6 reads no constants in FP16."),
            new Hole(
                    "OpenCV 4.6",
                    "(vqvae|vae-grey)-.*\\.int8|dcgan-generator\\.int8",
                    "not found in const blobs",
                    "OpenCV 4.6 reads INT8 graphs in a form of its own alone, with a scale for each layer and none for"
                            + " what is moved between them."),
            new Hole(
                    "OpenCV 4.13",
                    "vqvae-.*-tokenize\\.int8",
                    "nary_eltwise_layers",
                    "OpenCV 4.13 fails at the number a channel that is added behind the last INT8 product."),
            new Hole(
                    "OpenCV 4.13",
                    "vqvae-.*-detokenize\\.int8",
                    "isDynamicShape|minValue <= maxValue",
                    "OpenCV 4.13 has no sizes that are computed at run time, by which INT8 graphs of any height and width"
                            + " put their phases together, and takes no Clip of bytes with a least value alone, which is"
                            + " a ReLU there."),
            new Hole(
                    "OpenCV 4.13",
                    "dcgan-generator\\.int8|vae-grey-(generator|posterior)\\.int8",
                    "wrong values",
                    "OpenCV 4.13 computes other pixels and latents, without a word: it is to run the FP32 or the FP16"
                            + " graph."),
            new Hole(
                    "OpenCV 4.6",
                    "vqvae-.*-(codebook|lookup|detokenize)",
                    "not found in const blobs",
                    "OpenCV 4.6 gathers by constants alone: codes that come in at run time cannot be looked up. Pictures"
                            + " to codes (`tokenize.onnx`) and vectors to pictures (`decoder.onnx`) run; the program"
                            + " looks the vectors up itself."),
            new Hole(
                    "OpenCV 4.6",
                    "dcgan-generator",
                    "parseClip",
                    "OpenCV 4.6 takes Clip's bounds as attributes alone, which ONNX gave up with opset 11."),
            new Hole(
                    "OpenCV 4.6",
                    "dcgan-generator-float",
                    "in function 'total'",
                    "OpenCV 4.6 fails where a Mul and an Add by a number a channel follow one another, which is what a"
                            + " batch normalization leaves."),
            new Hole(
                    OPENCV,
                    "(dcgan-classes-grey|vae-classes-rgb)-.*",
                    "\"OneHot\"",
                    "OpenCV has no OneHot, by which a class comes in; with a Gather or an Equal in its place it fails at"
                            + " the Concat behind it."),
            new Hole(
                    "OpenCV 4.6",
                    "vae-grey-(posterior|decoder|generator|generator-float)",
                    "FullyConnectedLayerImpl",
                    "OpenCV 4.6 takes the matrix of a Gemm to lie transposed, whether it does or not."));

    @TempDir
    private Path folder;

    @Test
    void everyGraphRunsWhereThePageSaysSo(TestReporter reporter) throws Exception {
        var jobs = new ArrayList<Job>();
        for (var name : SmallBundles.names()) {
            jobs.addAll(Jobs.of(name, SmallBundles.bundle(name)));
        }
        var columns = new LinkedHashMap<String, List<String>>();
        var problems = new ArrayList<String>();
        var references = List.<Outcome>of();
        for (var consumer : Consumer.all()) {
            var missing = consumer.missing();
            if (missing.isPresent()) {
                // its column stays as the page has it
                reporter.publishEntry(consumer.name(), "skipped: " + missing.get());
                columns.put(consumer.name(), column(consumer.name(), jobs));
                continue;
            }
            var outcomes = consumer.run(jobs, folder.resolve("consumer-" + columns.size()));
            if (references.isEmpty()) {
                references = outcomes;
            }
            columns.put(consumer.name(), judge(consumer.name(), jobs, references, outcomes, problems));
        }
        assertThat(problems).isEmpty();
        var page = page(jobs, columns);
        if (System.getenv("SMALTI_WRITE") != null) {
            Files.writeString(PAGE, page);
        }
        assertThat(Files.readString(PAGE))
                .as("SMALTI_WRITE=1 in the environment writes it")
                .isEqualTo(page);
    }

    /** The cells of a column; what is neither right nor a known hole is a problem. */
    private static List<String> judge(
            String name, List<Job> jobs, List<Outcome> references, List<Outcome> outcomes, List<String> problems) {
        var cells = new ArrayList<String>();
        for (int i = 0; i < jobs.size(); i++) {
            var job = jobs.get(i);
            var wrong = wrong(job, references.get(i), outcomes.get(i));
            var hole = HOLES.stream().filter(each -> each.covers(name, job)).findFirst();
            if (wrong.isEmpty() && hole.isPresent()) {
                problems.add(name + " does " + job.id() + ", which is listed as a hole");
            } else if (!wrong.isEmpty()
                    && !hole.map(each -> Pattern.compile(each.message())
                                    .matcher(wrong)
                                    .find())
                            .orElse(false)) {
                problems.add(name + ", " + job.id() + ": " + wrong);
            }
            cells.add(hole.map(each -> "no (" + (HOLES.indexOf(each) + 1) + ")")
                    .orElse(outcomes.get(i) instanceof Outcome.Valid ? "valid" : "yes"));
        }
        return cells;
    }

    private static String wrong(Job job, Outcome reference, Outcome outcome) {
        if (outcome instanceof Outcome.Failure failure) {
            return failure.message();
        } else if (outcome instanceof Outcome.Values values && reference instanceof Outcome.Values expected) {
            return (job.isInFewerBits()
                            ? Judge.wrongInFewerBits(expected.outputs(), values.outputs())
                            : Judge.wrong(expected.outputs(), values.outputs()))
                    .orElse("");
        }
        return "";
    }

    /** What the page has of a consumer that is not here. */
    private static List<String> column(String name, List<Job> jobs) throws IOException {
        var lines = Files.readAllLines(PAGE).stream()
                .filter(line -> line.startsWith("|"))
                .map(line -> List.of(line.substring(1).split("\\|")).stream()
                        .map(String::strip)
                        .toList())
                .toList();
        int at = lines.get(0).indexOf(name);
        assertThat(at).as(name + " is on the page").isPositive();
        Map<String, String> cells =
                lines.stream().collect(Collectors.toMap(line -> line.get(0), line -> line.get(at), (a, b) -> a));
        return jobs.stream().map(job -> cells.getOrDefault(row(job), "unknown")).toList();
    }

    private static String row(Job job) {
        return job.bundle() + " `" + job.model().getFileName() + "`";
    }

    private static String page(List<Job> jobs, Map<String, List<String>> columns) {
        var text = new StringBuilder("# Who runs a bundle\n\n"
                + "Made by `SMALTI_WRITE=1 mvn -Pconformance verify`, and compared with what is found by every `mvn"
                + " -Pconformance verify`. Six small models, trained for a moment, two pictures at once.\n\n"
                + "\"yes\": the outputs are those of the first column: codes are equal, pixels within one level of 255,"
                + " floats within 1e-4 of their range; in FP16 and INT8, where roundings differ, pixels within one level and floats within 1e-2 of their range on average, and 97 of 100 codes. \"valid\": a checker, which runs nothing. \"no\" has its reason"
                + " below.\n\n");
        text.append("| graph | ").append(String.join(" | ", columns.keySet())).append(" |\n");
        text.append("| --- |").append(" --- |".repeat(columns.size())).append('\n');
        for (int i = 0; i < jobs.size(); i++) {
            int at = i;
            text.append("| ").append(row(jobs.get(i))).append(" | ");
            text.append(columns.values().stream().map(cells -> cells.get(at)).collect(Collectors.joining(" | ")));
            text.append(" |\n");
        }
        text.append(
                "\nOpenCV has no types beside float in its networks: pixels and codes go in and come out as floats.\n");
        if (!HOLES.isEmpty()) {
            text.append("\n## Holes\n\n");
            for (int i = 0; i < HOLES.size(); i++) {
                text.append(i + 1).append(". ").append(HOLES.get(i).reason()).append('\n');
            }
        }
        return text.toString();
    }
}
