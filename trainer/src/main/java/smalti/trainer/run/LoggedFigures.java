package smalti.trainer.run;

import java.io.IOException;
import java.util.Map;
import smalti.spec.model.TrainingSpec;

/** Writes {@code metrics.jsonl}. */
final class LoggedFigures implements StepListener {
    private final MetricsLog log;
    private final TrainingSpec spec;
    private final CheckpointStrategy checkpoints;
    private Map<String, Double> line = Map.of();

    LoggedFigures(MetricsLog log, TrainingSpec spec, CheckpointStrategy checkpoints) {
        this.log = log;
        this.spec = spec;
        this.checkpoints = checkpoints;
    }

    @Override
    public void after(Step step) throws IOException {
        log.add(step.figures());
        // a line ends where a checkpoint is, so that a resumed training begins a new one as this one does
        boolean ends = step.done() % spec.logEvery() == 0 || checkpoints.saves(step);
        line = ends ? log.flush(step.done(), step.seconds(), spec.batch()) : Map.of();
    }

    /** The line that the last step ended; empty where it ended none. */
    Map<String, Double> line() {
        return line;
    }
}
