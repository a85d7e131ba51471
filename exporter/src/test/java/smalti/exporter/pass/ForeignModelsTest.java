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
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import smalti.exporter.OnnxFileCheck;
import smalti.exporter.graph.Model;
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
        var changes = new TreeMap<String, Integer>();
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
                    after(foreign, name, changes, wrong);
                } else {
                    // no outputs to compare: the passes must stand it all the same
                    Passes.all().apply(foreign.model());
                }
            } catch (SpecException | IllegalStateException e) {
                wrong.add(name + ": " + e);
            }
        }
        System.out.printf(
                "foreign models: %d pass, %d are expected not to, %d wrong; changed by %s%n",
                passing, failing.size(), wrong.size(), changes);
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
    }

    private static void after(ForeignModel foreign, String name, Map<String, Integer> changes, List<String> wrong)
            throws IOException {
        var variants = new LinkedHashMap<String, Model>();
        variants.put("written unchanged", foreign.model());
        if (FULL) {
            for (var pass : Passes.all().list()) {
                var changed = Passes.of(pass).apply(foreign.model());
                if (!changed.removed().isEmpty()) {
                    variants.put(pass.name(), changed.model());
                    changes.merge(pass.name(), 1, Integer::sum);
                }
            }
        }
        var all = Passes.all().apply(foreign.model());
        if (!all.removed().isEmpty()) {
            variants.put("all passes", all.model());
            changes.merge("all passes", 1, Integer::sum);
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
