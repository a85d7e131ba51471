/**
 * A run folder and what is written into it as a training goes.
 *
 * <pre>
 *   ModelTraining ──step──▶ TrainingRun ──after each step──▶ StepListener: Divergence, LoggedFigures, Checkpoints, Progress
 *                                        └─at the end──▶ ExportWriter: export.json, the graphs, pictures
 * </pre>
 *
 * <p>Start at {@link smalti.trainer.run.RunFolder}.
 */
@NullMarked
package smalti.trainer.run;

import org.jspecify.annotations.NullMarked;
