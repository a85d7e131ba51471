package smalti.bench.conformance;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import smalti.spec.file.NpyArray;

/**
 * How jobs go to another program and its outcomes come back.
 *
 * <pre>
 *   jobs.json               [{id, model, inputs: {name: file}, outputs: [name]}]
 *   ID.in.K.npy             what goes in
 *   ID.json, ID.out.K.npy   {error} or {outputs: {name: file}}, written by the program
 * </pre>
 */
record JobFolder(Path path) {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final long MOST_BYTES = 1L << 28;

    static JobFolder write(Path folder, List<Job> jobs) throws IOException {
        Files.createDirectories(folder);
        var list = MAPPER.createArrayNode();
        for (var job : jobs) {
            var entry = list.addObject()
                    .put("id", job.id())
                    .put("model", job.model().toAbsolutePath().toString());
            var inputs = entry.putObject("inputs");
            int k = 0;
            for (var input : job.inputs().entrySet()) {
                var file = job.id() + ".in." + k++ + ".npy";
                try (var out = Files.newOutputStream(folder.resolve(file))) {
                    input.getValue().write(out);
                }
                inputs.put(input.getKey(), file);
            }
            var outputs = entry.putArray("outputs");
            job.outputs().forEach(outputs::add);
        }
        MAPPER.writeValue(folder.resolve("jobs.json").toFile(), list);
        return new JobFolder(folder);
    }

    /** Nothing where the program was stopped before it had an outcome. */
    Optional<Outcome> read(Job job) throws IOException {
        var file = path.resolve(job.id() + ".json");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        var outcome = MAPPER.readTree(file.toFile());
        if (outcome.has("error")) {
            return Optional.of(new Outcome.Failure(outcome.path("error").asText()));
        } else if (!outcome.has("outputs")) {
            return Optional.of(new Outcome.Valid());
        }
        var outputs = new LinkedHashMap<String, NpyArray>();
        for (var entry : outcome.path("outputs").properties()) {
            try (var in = Files.newInputStream(path.resolve(entry.getValue().asText()))) {
                outputs.put(entry.getKey(), NpyArray.read(in, job.id(), MOST_BYTES));
            }
        }
        return Optional.of(new Outcome.Values(outputs));
    }
}
