package smalti.spec.model;

import smalti.spec.Check;

/**
 * How a model is fitted.
 *
 * @param batch pictures a step
 * @param clipNorm bound on the gradient's global norm; 0: none
 * @param weightsEma decay of the weights' moving average that is exported in place of the last weights; 0: none
 * @param checkpointEvery steps between checkpoints
 * @param logEvery steps between lines of {@code metrics.jsonl}
 */
public record TrainingSpec(
        int steps,
        int batch,
        @Default("{}") Optimizer optimizer,
        @Default("{\"kind\": \"constant\"}") Schedule schedule,
        @Default("0") double clipNorm,
        @Default("0") double weightsEma,
        @Default("100") int checkpointEvery,
        @Default("10") int logEvery,
        @Default("0") long seed) {
    public TrainingSpec {
        Check.that(steps >= 1, "steps must be at least 1, got %s", steps)
                .and(batch >= 2 && batch <= 65536, "batch must be from 2 to 65536, got %s", batch)
                .and(clipNorm >= 0, "clipNorm must be at least 0 (0: no clipping), got %s", clipNorm)
                .and(weightsEma >= 0 && weightsEma < 1, "weightsEma must be in [0, 1), got %s", weightsEma)
                .and(checkpointEvery >= 1, "checkpointEvery must be at least 1, got %s", checkpointEvery)
                .and(logEvery >= 1, "logEvery must be at least 1, got %s", logEvery)
                .done();
    }

    public TrainingSpec with(Optimizer other) {
        return new TrainingSpec(steps, batch, other, schedule, clipNorm, weightsEma, checkpointEvery, logEvery, seed);
    }

    public TrainingSpec withSteps(int steps) {
        return new TrainingSpec(
                steps, batch, optimizer, schedule, clipNorm, weightsEma, checkpointEvery, logEvery, seed);
    }

    public TrainingSpec withBatch(int batch) {
        return new TrainingSpec(
                steps, batch, optimizer, schedule, clipNorm, weightsEma, checkpointEvery, logEvery, seed);
    }

    public TrainingSpec withSeed(long seed) {
        return new TrainingSpec(
                steps, batch, optimizer, schedule, clipNorm, weightsEma, checkpointEvery, logEvery, seed);
    }
}
