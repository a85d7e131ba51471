package smalti.trainer.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.RecordTree;
import smalti.spec.model.ModelSpec;

/** {@code report.html} of a run folder: what was trained, how it went. */
public final class RunReport {
    public static final String FILE = "report.html";

    private RunReport() {}

    /** @param log the figures of each line of the metrics, each with {@code step} */
    public static void write(Path run, ModelSpec spec, List<Map<String, Double>> log) throws IOException {
        var page = new HtmlPage(spec.name() + ": training");
        page.paragraph("Seed " + spec.training().seed() + ", " + spec.training().steps() + " steps of "
                + spec.training().batch() + " pictures.");
        page.heading("Course").curves(curves(log)).heading("Spec").verbatim(RecordTree.json(spec));
        AtomicFiles.writeString(run.resolve(FILE), page.html());
    }

    /** One curve a figure, in the order in which the figures are logged. */
    public static List<HtmlPage.Curve> curves(List<Map<String, Double>> log) {
        var byName = new LinkedHashMap<String, HtmlPage.Curve>();
        for (var line : log) {
            double step = line.getOrDefault("step", 0.0);
            line.forEach((name, value) -> {
                if (!name.equals("step") && !name.equals("seconds")) {
                    var curve = byName.computeIfAbsent(
                            name, absent -> new HtmlPage.Curve(name, new ArrayList<>(), new ArrayList<>()));
                    curve.steps().add(step);
                    curve.values().add(value);
                }
            });
        }
        return List.copyOf(byName.values());
    }
}
