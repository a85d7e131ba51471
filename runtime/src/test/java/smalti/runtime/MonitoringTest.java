package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The dashboard and the alerts in docs/monitoring ask for what a service really shows. */
final class MonitoringTest {
    private static final Path FOLDER = Path.of("../docs/monitoring");

    private static final Set<String> KEYWORDS = Set.of("and", "or", "unless", "on", "ignoring", "bool", "offset");
    private static final Pattern SELECTOR = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)\\s*\\{([^}]*)}");
    private static final Pattern MATCHER = Pattern.compile("(\\w+)\\s*(=~|!~|!=|=)\\s*\"([^\"]*)\"");
    private static final Pattern GROUPING = Pattern.compile("\\b(by|without)\\s*\\(([^)]*)\\)");
    private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*(?!\\s*[\\w(:])");

    private static final List<Sample> SAMPLES = new ArrayList<>();
    private static JsonNode dashboard = new ObjectMapper().createObjectNode();

    /** A line of a scrape, with the labels that Prometheus adds. */
    private record Sample(String name, Map<String, String> labels) {}

    @BeforeAll
    static void scrape() throws IOException {
        dashboard = new ObjectMapper().readTree(FOLDER.resolve("grafana.json").toFile());
        var meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        try (var model =
                SmaltiModel.open(Bundles.GENERATOR, RuntimeOptions.defaults().withMeters(meters))) {
            model.generator().generate(3, 1);
            model.generator().generateAsync(Generation.of(2, 1)).join();
            meters.scrape().lines().filter(line -> !line.startsWith("#")).forEach(line -> SAMPLES.add(sample(line)));
        }
        assertThat(SAMPLES).extracting(Sample::name).contains("smalti_queue_depth");
    }

    private static Sample sample(String line) {
        var parts = SELECTOR.matcher(line);
        assertThat(parts.lookingAt()).as(line).isTrue();
        var labels = new HashMap<>(Map.of("job", "service", "instance", "localhost:9400"));
        MATCHER.matcher(parts.group(2)).results().forEach(label -> labels.put(label.group(1), label.group(3)));
        return new Sample(parts.group(1), labels);
    }

    @Test
    void everyExpressionFindsWhatAServiceShows() {
        int expressions = 0;
        for (var panel : dashboard.get("panels")) {
            for (var target : panel.path("targets")) {
                var expression = target.get("expr").asText();
                assertThat(problems(expression)).as(expression).isEmpty();
                var kept = groupings(expression);
                var legend = Pattern.compile("\\{\\{(\\w+)}}")
                        .matcher(target.path("legendFormat").asText());
                legend.results()
                        .forEach(label -> assertThat(kept).as(expression).contains(label.group(1)));
                expressions++;
            }
        }
        assertThat(expressions).isGreaterThan(20);
        var variables = new TreeSet<String>();
        for (var variable : dashboard.at("/templating/list")) {
            variables.add(variable.get("name").asText());
            if (variable.get("type").asText().equals("query")) {
                var query = Pattern.compile("label_values\\((.*),\\s*(\\w+)\\)")
                        .matcher(variable.at("/query/query").asText());
                assertThat(query.matches()).isTrue();
                assertThat(problems("sum by (" + query.group(2) + ") (" + query.group(1) + ")"))
                        .isEmpty();
            }
        }
        assertThat(variables).containsExactly("datasource", "graph", "instance", "model");
    }

    @Test
    void everyMeterIsShown() throws IOException {
        var text = Files.readString(FOLDER.resolve("grafana.json"));
        var families = new TreeSet<String>();
        SAMPLES.forEach(sample -> families.add(sample.name.replaceAll("_(bucket|count|sum|max)$", "")));
        assertThat(families)
                .contains("smalti_request_time_seconds", "smalti_batch_size")
                .allSatisfy(family -> assertThat(text).contains(family));
    }

    @Test
    void whatAServiceDoesNotShowIsNoticed() {
        assertThat(problems("rate(smalti_requests_total{outcome=\"refused\"}[5m])"))
                .isEmpty();
        for (var wrong : List.of(
                "rate(smalti_request_total{outcome=\"refused\"}[5m])",
                "rate(smalti_requests_total{outcome=\"refuse\"}[5m])",
                "rate(smalti_requests_total{outcome=~\"refuse|expire\"}[5m])",
                "rate(smalti_requests_total{result=\"refused\"}[5m])",
                "sum by (models) (smalti_queue_depth{model=~\"$model\"})",
                "sum by (model) (smalti_queue_depths)",
                "sum(smlti_queue_depth) / sum(smalti_queue_depth)",
                "smalti_queue_depth{model=~\"$modell\"}")) {
            assertThat(problems(wrong)).as(wrong).isNotEmpty();
        }
    }

    @Test
    void theDashboardIsOneThatGrafanaTakes() {
        assertThat(dashboard.get("schemaVersion").asInt()).isEqualTo(39);
        // a number here is that of a dashboard in one Grafana
        assertThat(dashboard.get("id").isNull()).isTrue();
        var ids = new HashSet<Integer>();
        var taken = new HashSet<String>();
        for (var panel : dashboard.get("panels")) {
            var title = panel.get("title").asText();
            assertThat(ids.add(panel.get("id").asInt())).as(title).isTrue();
            var place = panel.get("gridPos");
            int right = place.get("x").asInt() + place.get("w").asInt();
            assertThat(right).as(title).isLessThanOrEqualTo(24);
            for (int x = place.get("x").asInt(); x < right; x++) {
                for (int y = 0; y < place.get("h").asInt(); y++) {
                    assertThat(taken.add(x + "," + (place.get("y").asInt() + y)))
                            .as(title + " covers another")
                            .isTrue();
                }
            }
            if (!panel.get("type").asText().equals("row")) {
                assertThat(panel.get("description").asText()).as(title).isNotEmpty();
                assertThat(panel.at("/datasource/uid").asText()).as(title).isEqualTo("${datasource}");
                assertThat(panel.get("targets"))
                        .as(title)
                        .isNotEmpty()
                        .allSatisfy(target -> assertThat(
                                        target.at("/datasource/uid").asText())
                                .isEqualTo("${datasource}"));
                assertThat(StreamSupport.stream(panel.get("targets").spliterator(), false)
                                .map(target -> target.get("refId").asText()))
                        .as(title)
                        .doesNotHaveDuplicates();
            }
        }
    }

    @Test
    void everyAlertFindsWhatAServiceShows() throws IOException {
        var expressions = Files.readAllLines(FOLDER.resolve("alerts.yml")).stream()
                .map(String::strip)
                .filter(line -> line.startsWith("expr: "))
                .map(line -> line.substring("expr: ".length()))
                .toList();
        assertThat(expressions)
                .hasSize(3)
                .allSatisfy(expression -> assertThat(problems(expression)).isEmpty());
    }

    @Test
    void theAlertsFireWhenTheyShould() throws Exception {
        Process promtool;
        try {
            promtool = new ProcessBuilder("promtool", "test", "rules", "alerts-test.yml")
                    .directory(FOLDER.toFile())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            assumeTrue(false, "promtool, of Prometheus, cannot be run: " + e.getMessage());
            return;
        }
        var output = new String(promtool.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(promtool.waitFor()).as(output).isZero();
    }

    /** What an expression of PromQL asks for and no sample has. */
    private static List<String> problems(String expression) {
        var problems = new ArrayList<String>();
        var plain = expression
                .replace("$__rate_interval", "5m")
                .replaceAll("\\$(model|graph|instance)\\b", ".*")
                .replaceAll("\\[\\w+]", "");
        var found = new ArrayList<Sample>();
        SELECTOR.matcher(plain).results().forEach(selector -> {
            var samples = SAMPLES.stream()
                    .filter(sample -> sample.name.equals(selector.group(1)) && matches(sample, selector.group(2)))
                    .toList();
            if (samples.isEmpty()) {
                problems.add("no sample is " + selector.group());
            }
            found.addAll(samples);
        });
        var bare = plain.replaceAll("\\{[^}]*}", "{}");
        bare = GROUPING.matcher(bare).replaceAll("");
        NAME.matcher(bare)
                .results()
                .map(name -> name.group())
                .filter(name -> !KEYWORDS.contains(name))
                .forEach(name -> {
                    var samples = SAMPLES.stream()
                            .filter(sample -> sample.name.equals(name))
                            .toList();
                    if (samples.isEmpty()) {
                        problems.add("no sample is " + name);
                    }
                    found.addAll(samples);
                });
        for (var label : groupings(plain)) {
            if (found.stream().noneMatch(sample -> sample.labels.containsKey(label))) {
                problems.add("no sample has a label " + label);
            }
        }
        return problems;
    }

    private static boolean matches(Sample sample, String matchers) {
        return MATCHER.matcher(matchers).results().allMatch(matcher -> {
            var value = sample.labels.getOrDefault(matcher.group(1), "");
            var wanted = matcher.group(3);
            return switch (matcher.group(2)) {
                case "=" -> value.equals(wanted);
                case "!=" -> !value.equals(wanted);
                case "=~" -> value.matches(wanted);
                default -> !value.matches(wanted);
            };
        });
    }

    private static Set<String> groupings(String expression) {
        var labels = new TreeSet<String>();
        GROUPING.matcher(expression)
                .results()
                .forEach(grouping ->
                        labels.addAll(List.of(grouping.group(2).strip().split("\\s*,\\s*"))));
        return labels;
    }
}
