package smalti.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import smalti.trainer.run.TrainingListener;

/** What a person sees: results on standard output; progress, warnings and errors on standard error. */
final class Console {
    private static final int BAR = 24;
    private static final int COLUMNS = 80;
    private static final long PLAIN_EVERY = Duration.ofSeconds(10).toNanos();
    /** Steps that tell little of how long the rest will take. */
    private static final int UNTIMED = 5;

    private static final long BAR_EVERY = Duration.ofMillis(100).toNanos();

    private final PrintStream out;
    private final PrintStream err;
    private final boolean terminal;
    private List<Path> places = List.of();
    private boolean inProgress;
    private boolean silent;
    private List<String> arguments = List.of();
    private @Nullable String resumption;

    /** @param terminal whether a person watches, so that a line may be drawn over */
    Console(PrintStream out, PrintStream err, boolean terminal) {
        this.out = out;
        this.err = err;
        this.terminal = terminal;
    }

    PrintWriter outWriter() {
        return new PrintWriter(out, true, StandardCharsets.UTF_8);
    }

    PrintWriter errWriter() {
        return new PrintWriter(err, true, StandardCharsets.UTF_8);
    }

    /** A command with these arguments begins. */
    void begins(String... given) {
        arguments = List.of(given);
    }

    /** From now on the command, given once more with these options, goes on where it was. */
    synchronized void resumable(String... more) {
        var line = new ArrayList<>(arguments);
        line.remove("--overwrite");
        for (var option : more) {
            if (!line.contains(option)) {
                line.add(option);
            }
        }
        resumption = line.stream().map(Console::quoted).collect(Collectors.joining(" ", "./smalti ", ""));
    }

    /** As a shell takes it for one word. */
    private static String quoted(String word) {
        return word.matches("[\\w./:=,@%+-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    /** Says that the command was interrupted, and how to go on; whatever it says from now on is not heard. */
    synchronized void interrupted() {
        note("interrupted" + (resumption == null ? "" : "; to go on: " + resumption));
        silent = true;
    }

    /** What must be said in spite of that. */
    synchronized void last(String text) {
        err.println(text);
    }

    /** A line of the result. */
    synchronized void line(String format, Object... values) {
        if (silent) {
            return;
        }
        endProgress();
        out.println(String.format(Locale.ROOT, format, values));
        out.flush();
    }

    /** What is being done. */
    synchronized void note(String text) {
        if (silent) {
            return;
        }
        endProgress();
        err.println(text);
    }

    void warning(String text) {
        note("warning: " + placed(text));
    }

    void error(String text) {
        note("error: " + placed(text));
    }

    /** The files of the command line: a message that names one of them alone gets its folder too. */
    void place(List<Path> files) {
        places = List.copyOf(files);
    }

    private String placed(String text) {
        for (var file : places) {
            var name = file.getFileName();
            if (name != null && !file.equals(name) && text.startsWith(name + ":")) {
                return file + text.substring(name.toString().length());
            }
        }
        return text;
    }

    synchronized void endProgress() {
        if (inProgress) {
            err.println();
            inProgress = false;
        }
    }

    private synchronized void overwrite(String text) {
        if (silent) {
            return;
        }
        err.print("\r" + text + "\u001B[K");
        err.flush();
        inProgress = true;
    }

    /** Progress of something with a known number of steps: a bar with the time left, or plain lines now and then. */
    final class Progress {
        private final String what;
        private final long started = System.nanoTime();
        private long shown = started;
        private int calls;
        private int first = -1;
        private long timed = started;

        Progress(String what) {
            this.what = what;
        }

        void at(int done, int total, String detail) {
            long now = System.nanoTime();
            if (first < 0 || calls < UNTIMED) {
                // a resumed training has not done the steps before, and the first ones are slower than the rest
                first = done;
                timed = now;
            }
            calls++;
            if (done < total && now - shown < (terminal ? BAR_EVERY : PLAIN_EVERY)) {
                return;
            }
            shown = now;
            double each = (now - timed) / 1e9 / Math.max(1, done - first);
            var left = done == first && done < total ? "" : time(each * (total - done)) + " left";
            if (terminal) {
                int full = (int) ((long) BAR * done / total);
                var line = what + " [" + "█".repeat(full) + "░".repeat(BAR - full) + "] " + done + "/" + total + "  "
                        + left + (detail.isEmpty() ? "" : "  " + detail);
                // a line that wraps could not be drawn over
                overwrite(line.length() < COLUMNS ? line : line.substring(0, COLUMNS - 2) + "…");
                if (done == total) {
                    endProgress();
                }
            } else {
                note(what + " " + done + "/" + total + (left.isEmpty() ? "" : ", " + left)
                        + (detail.isEmpty() ? "" : ", " + detail));
            }
        }
    }

    /** Shows a training's steps and the last figures that it logged. */
    TrainingListener training(String name) {
        var progress = new Progress("training " + name);
        return new TrainingListener() {
            private List<String> shown = List.of();
            private String detail = "";

            @Override
            public void begins(List<String> headlines) {
                shown = headlines;
            }

            @Override
            public void step(int done, int steps, Map<String, Double> figures) {
                if (!figures.isEmpty()) {
                    var text = new StringBuilder();
                    for (var figure : shown) {
                        var value = figures.get(figure);
                        if (value != null) {
                            text.append(text.isEmpty() ? "" : ", ")
                                    .append(figure)
                                    .append(' ')
                                    .append(number(value));
                        }
                    }
                    detail = text.toString();
                }
                progress.at(done, steps, detail);
            }

            @Override
            public void cost(double secondsAStep, long bytes, int left) {
                note(String.format(
                        Locale.ROOT,
                        "a step takes %.2g s, and the training %.1f GB of memory: %s for the %d steps that are left",
                        secondsAStep,
                        bytes / 1e9,
                        time(secondsAStep * left),
                        left));
            }

            @Override
            public void phase(String what) {
                note(what);
            }
        };
    }

    /** "1 picture", "2 pictures". */
    static String pictures(int count) {
        return count + (count == 1 ? " picture" : " pictures");
    }

    static String number(double value) {
        return String.format(
                Locale.ROOT, Math.abs(value) >= 100 ? "%.0f" : Math.abs(value) >= 1 ? "%.2f" : "%.4f", value);
    }

    /** Columns as wide as their widest cell. */
    void table(List<String> headings, List<List<String>> rows) {
        var widths = new int[headings.size()];
        var all = new ArrayList<List<String>>();
        all.add(headings);
        all.addAll(rows);
        for (var row : all) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (var row : all) {
            var text = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                text.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
            }
            line("%s", text.toString().stripTrailing());
        }
    }

    static String time(double seconds) {
        long whole = Math.round(seconds);
        return whole >= 3600
                ? String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
                : String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60);
    }
}
