package smalti.trainer.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.IoReason;

/**
 * {@code metrics.jsonl}: one JSON object a line, each with {@code step} (done so far), {@code seconds} (since the
 * start, breaks left out), {@code imagesPerSecond} and the mean of every figure since the line before.
 */
public final class MetricsLog implements AutoCloseable {
    public static final String FILE = "metrics.jsonl";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final Path file;
    private final SeekableByteChannel channel;
    private final Map<String, DoubleSummaryStatistics> sums = new LinkedHashMap<>();
    private int steps;
    private double lastSeconds;

    /**
     * Opens the log of a run and drops what it says of steps after {@code step}: a resumed training will say it again.
     *
     * @param seconds that the training took so far
     */
    MetricsLog(Path run, int step, double seconds) throws IOException {
        this(run.resolve(FILE), opened(run, step), seconds);
    }

    /** @param channel of {@code file}, at its end */
    MetricsLog(Path file, SeekableByteChannel channel, double seconds) {
        this.file = file;
        this.channel = channel;
        lastSeconds = seconds;
    }

    private static SeekableByteChannel opened(Path run, int step) throws IOException {
        var file = run.resolve(FILE);
        var kept = new StringBuilder();
        for (var line : lines(run)) {
            if (line.step() <= step) {
                kept.append(line.json()).append('\n');
            }
        }
        AtomicFiles.writeString(file, kept.toString());
        var channel = Files.newByteChannel(file, StandardOpenOption.WRITE);
        return channel.position(channel.size());
    }

    /** One line that was logged. */
    public record Line(int step, Map<String, Double> figures, String json) {}

    /** The whole lines of a run's log; a last one that a crash cut short is left out. */
    public static List<Line> lines(Path run) throws IOException {
        var file = run.resolve(FILE);
        var lines = new ArrayList<Line>();
        if (!Files.exists(file)) {
            return lines;
        }
        for (var json : Files.readAllLines(file)) {
            try {
                var node = MAPPER.readTree(json);
                var figures = new LinkedHashMap<String, Double>();
                node.properties()
                        .forEach(entry ->
                                figures.put(entry.getKey(), entry.getValue().doubleValue()));
                lines.add(new Line(node.path("step").intValue(), figures, json));
            } catch (JsonProcessingException cutShort) {
                break;
            }
        }
        return lines;
    }

    /** Counts one step in; a figure's mean is over the steps that have it. */
    void add(Map<String, Double> figures) {
        steps++;
        figures.forEach((name, value) -> sums.computeIfAbsent(name, absent -> new DoubleSummaryStatistics())
                .accept(value));
    }

    /** Writes the line of the steps since the last one, if there are any. */
    Map<String, Double> flush(int step, double seconds, int batch) throws IOException {
        var means = new LinkedHashMap<String, Double>();
        if (steps == 0) {
            return means;
        }
        sums.forEach((name, values) -> means.put(name, values.getAverage()));
        var node = JsonNodeFactory.instance.objectNode();
        node.put("step", step);
        node.put("seconds", Math.round(seconds * 1000) / 1000.0);
        node.put("imagesPerSecond", Math.round(10.0 * steps * batch / Math.max(1e-9, seconds - lastSeconds)) / 10.0);
        means.forEach(node::put);
        append(node + "\n");
        sums.clear();
        steps = 0;
        lastSeconds = seconds;
        return means;
    }

    /** A line whole or not at all. */
    private void append(String line) throws IOException {
        long whole = channel.position();
        try {
            var bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            channel.truncate(whole);
            throw new IOException(file + ": a line could not be written (" + IoReason.of(e) + ")", e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
