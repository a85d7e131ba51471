package smalti.exporter.lowering;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.nd4j.imports.converters.DifferentialFunctionClassHolder;

/** {@code docs/ops.md} says what is exported: it is made from the registry, its cases, and nd4j's own list. */
final class OpsPageTest {
    private static final Path PAGE = Path.of("../docs/ops.md");

    private static final String UNKNOWN = "no lowering yet";

    @Test
    void saysWhatIsExported() throws IOException {
        var page = page();
        if (System.getenv("SMALTI_WRITE") != null) {
            Files.writeString(PAGE, page);
        }
        assertThat(page).as("every operation is exported, or says why not").doesNotContain(UNKNOWN);
        assertThat(Files.readString(PAGE))
                .as("SMALTI_WRITE=1 in the environment writes it")
                .isEqualTo(page);
    }

    private static String page() {
        var since = new TreeMap<String, Integer>();
        var cases = new TreeMap<String, Integer>();
        var wrong = new TreeMap<String, TreeSet<String>>();
        OpCases.all().forEach(useCase -> {
            since.merge(useCase.op(), Math.max(13, useCase.since()), Math::min);
            cases.merge(useCase.op(), 1, Integer::sum);
            if (useCase.wrong() != null) {
                wrong.computeIfAbsent(useCase.op(), unseen -> new TreeSet<>()).add(useCase.wrong());
            }
        });
        var names = new TreeSet<>(Comparator.comparing((String name) -> name.toLowerCase(Locale.ROOT))
                .thenComparing(Comparator.naturalOrder()));
        names.addAll(Lowerings.operations());
        DifferentialFunctionClassHolder.getInstance().opNames().stream()
                .filter(Objects::nonNull) // nd4j lists one operation without a name
                .forEach(names::add);
        var lines = names.stream().map(name -> {
            if (!Lowerings.operations().contains(name)) {
                return "| " + name + " | no | | " + Lowerings.omission(name).orElse(UNKNOWN) + " |";
            }
            var remarks = name.equals("repeat")
                    ? "of imported graphs; SameDiff's own repeat is refused, as nd4j keeps its axis in no file"
                    : wrong.containsKey(name) ? "SameDiff itself: " + String.join("; ", wrong.get(name)) : "";
            if (LoweringTest.LOST.contains(name)) {
                remarks += (remarks.isEmpty() ? "" : "; ") + "a file of SameDiff's loses it: export from memory";
            }
            if (RandomLoweringTest.operations().contains(name)) {
                return "| " + name
                        + " | 13 to 21 | | random: held to its distribution; ONNX Runtime has no kernels beyond |";
            }
            return "| " + name + " | since " + since.getOrDefault(name, 13) + " | " + cases.getOrDefault(name, 0)
                    + " | " + remarks + " |";
        });
        return "# SameDiff's operations in ONNX\n\n"
                + "Made by a test from the registry of lowerings; each of its "
                + Lowerings.operations().size()
                + " operations has cases that run in ONNX Runtime against float64 arithmetic at opsets 13, 17, 21 and, where it changed an operator, 22, or its"
                + " distribution is tested.\n"
                + "Arguments that a lowering does not cover are refused with the node's name. \"Since\" is the first opset"
                + " in which a case can be written.\n\n"
                + "| operation | exported | cases | remarks |\n| --- | --- | --- | --- |\n"
                + lines.collect(Collectors.joining("\n")) + "\n";
    }
}
