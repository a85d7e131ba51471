package smalti.cli;

import picocli.CommandLine.Option;
import smalti.spec.model.DataSpec;

/** What a command that reads pictures does with those that it cannot. */
final class SkipOption {
    @Option(names = "--skip-bad", description = "Leave unreadable pictures out, with a word, in place of an error.")
    boolean skips;

    DataSpec.BadImages bad() {
        return skips ? DataSpec.BadImages.SKIP : DataSpec.BadImages.FAIL;
    }

    /** The rules that a model was trained by; unreadable pictures are skipped where either says so. */
    DataSpec on(DataSpec data) {
        return skips ? data.withBadImages(DataSpec.BadImages.SKIP) : data;
    }
}
