package smalti.exporter.pass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import smalti.exporter.file.OnnxFileCheck;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Shapes;
import smalti.spec.SpecException;

/**
 * The models of Debian's libonnx-testdata: what ONNX Runtime makes of them before, it makes of them after each pass and
 * all of them. By default of every fifteenth model and all passes together; with {@code -Pfull} of everything.
 */
final class ForeignModelsTest {
    private static final boolean FULL = Boolean.getBoolean("smalti.full");
    private static final int SAMPLE = 15;

    /** Names with the reason for which ONNX Runtime, or its Java API, does not give what is expected of it. */
    private static final Path EXPECTED = Path.of("src/test/resources/foreign-models.txt");

    @Test
    void whateverPassesBeforePassesAfter() throws IOException {
        var files = ForeignModel.all();
        assumeFalse(files.isEmpty(), "Debian's libonnx-testdata is not installed");
        var expected = ForeignModel.reasons(Files.readAllLines(EXPECTED, StandardCharsets.UTF_8));
        var wrong = new ArrayList<String>();
        var failing = new TreeMap<String, String>();
        var changing = new TreeSet<String>();
        int passing = 0;
        for (int i = 0; i < files.size(); i++) {
            var name = ForeignModel.name(files.get(i));
            if (!FULL && i % SAMPLE != 0) {
                continue;
            }
            try {
                var foreign = ForeignModel.read(files.get(i));
                var problem = foreign.problem();
                problem.ifPresent(text -> failing.put(name, text));
                if (problem.isEmpty()) {
                    passing++;
                    wrong.addAll(OnnxFileCheck.problems(files.get(i)).stream()
                            .map(text -> name + " is sound, but: " + text)
                            .toList());
                    after(foreign, name, changing, wrong);
                } else {
                    // no outputs to compare: the passes must stand it all the same
                    Passes.all().apply(foreign.model());
                }
            } catch (SpecException | IllegalStateException e) {
                wrong.add(name + ": " + e);
            }
        }
        failing.forEach((name, text) -> {
            if (!expected.containsKey(name)) {
                wrong.add(name + ": fails as it is: " + text.lines().findFirst().orElse(""));
            }
        });
        for (var name : expected.keySet()) {
            boolean ran = FULL
                    || files.stream()
                            .anyMatch(
                                    file -> ForeignModel.name(file).equals(name) && files.indexOf(file) % SAMPLE == 0);
            boolean chance = expected.getOrDefault(name, "").startsWith("may pass: ");
            if (ran && !chance && !failing.containsKey(name)) {
                wrong.add(name + ": is expected to fail, and passes: take it off the list");
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(passing)
                .as("beside %s that fail as they are", failing.size())
                .isGreaterThan(4 * failing.size());
        assertThat(changing).as("some models can be made smaller").isNotEmpty();
    }

    /** Shape inference, told nothing but the inputs, never contradicts the outputs. */
    @Test
    void shapesAreThoseOfTheOutputs() throws IOException {
        var files = ForeignModel.all();
        assumeFalse(files.isEmpty(), "Debian's libonnx-testdata is not installed");
        var wrong = new ArrayList<String>();
        int outputs = 0;
        int shapesKnown = 0;
        int typesKnown = 0;
        for (var file : files) {
            var foreign = ForeignModel.read(file);
            var graph = foreign.model().graph();
            var untold = new Graph(graph.name(), graph.inputs(), List.of(), graph.initializers(), graph.nodes());
            var shapes = Shapes.of(foreign.model().with(untold));
            for (var output : foreign.expected().entrySet()) {
                var name = ForeignModel.name(file) + ": " + output.getKey();
                var actual = output.getValue();
                var shape = shapes.shape(output.getKey());
                var type = shapes.element(output.getKey());
                outputs++;
                shapesKnown += shape.isPresent() ? 1 : 0;
                typesKnown += type.isPresent() ? 1 : 0;
                if (shape.isPresent() && !fits(shape.get(), actual.dims())) {
                    wrong.add(name + " is " + actual.dims() + ", inferred " + shape.get());
                }
                boolean same = type.isEmpty() || type.get() == actual.type();
                if (!same) {
                    wrong.add(name + " is " + actual.type() + ", inferred " + type.get());
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(shapesKnown).isGreaterThan(outputs * 3 / 4);
        assertThat(typesKnown).isGreaterThan(outputs * 7 / 8);
    }

    private static boolean fits(List<Axis> shape, List<Long> dims) {
        if (shape.size() != dims.size()) {
            return false;
        }
        for (int axis = 0; axis < dims.size(); axis++) {
            if (shape.get(axis).isFixed() && shape.get(axis).size() != dims.get(axis)) {
                return false;
            }
        }
        return true;
    }

    private static void after(ForeignModel foreign, String name, Set<String> changing, List<String> wrong)
            throws IOException {
        var variants = new LinkedHashMap<String, Model>();
        variants.put("written unchanged", foreign.model());
        if (FULL) {
            for (var pass : Passes.all().list()) {
                var changed = Passes.of(pass).apply(foreign.model());
                if (!changed.removed().isEmpty()) {
                    variants.put(pass.name(), changed.model());
                    changing.add(pass.name());
                }
            }
        }
        var all = Passes.all().apply(foreign.model());
        if (!all.removed().isEmpty()) {
            variants.put("all passes", all.model());
            changing.add("all passes");
        }
        for (var variant : variants.entrySet()) {
            foreign.problem(variant.getValue())
                    .ifPresent(text -> wrong.add(name + " after " + variant.getKey() + ": " + text));
        }
        assertThat(all.model().graph().inputs())
                .isEqualTo(foreign.model().graph().inputs());
        assertThat(all.model().graph().outputs())
                .isEqualTo(foreign.model().graph().outputs());
    }
}
