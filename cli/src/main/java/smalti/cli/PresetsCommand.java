package smalti.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.spec.file.RecordTree;
import smalti.trainer.Preset;
import smalti.trainer.Presets;

@Command(
        name = "presets",
        sortOptions = false,
        description = {
            "Lists the specs to train or to start from: what each is for, and what it needs in time and memory.",
            "With NAME, prints that spec as a file for train --spec, in which every value can be changed."
        })
final class PresetsCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(index = "0", arity = "0..1", paramLabel = "NAME", description = "The preset to print.")
    @Nullable
    String name;

    @Option(names = "--json", description = "Prints the list, or the spec, as JSON.")
    boolean json;

    PresetsCommand(Console console) {
        this.console = console;
    }

    /** As {@code --json} prints it. */
    private record Listed(List<Entry> presets) {}

    private record Entry(String name, String kind, String purpose, long minutes, int cores, int megabytes) {
        static Entry of(Preset preset) {
            return new Entry(
                    preset.spec().name(),
                    RecordTree.tree(preset.spec()).at("/model/kind").asText(),
                    preset.purpose(),
                    preset.time().toMinutes(),
                    preset.cores(),
                    preset.megabytes());
        }

        List<String> row() {
            return List.of(name, minutes + " min on " + cores + " cores", megabytes + " MB", purpose);
        }
    }

    @Override
    public Integer call() {
        if (name == null) {
            list(Presets.names().stream().map(Presets::file).map(Entry::of).toList());
        } else if (!Presets.names().contains(name)) {
            throw new WrongUse("NAME must be one of " + String.join(", ", Presets.names()) + ", got " + name);
        } else {
            var preset = Presets.file(name);
            console.line("%s", (json ? RecordTree.json(preset.spec()) : preset.yaml()).stripTrailing());
        }
        return 0;
    }

    private void list(List<Entry> entries) {
        if (json) {
            console.line("%s", RecordTree.json(new Listed(entries)).stripTrailing());
        } else {
            console.table(
                    List.of("preset", "time", "memory", "for"),
                    entries.stream().map(Entry::row).toList());
        }
    }
}
