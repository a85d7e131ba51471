package smalti.trainer.run;

import java.util.Arrays;
import org.bytedeco.javacpp.Pointer;

/** What a step costs, by the first ones: those that compile and allocate are passed over. */
final class StepCost {
    private static final int PASSED = 2;
    private static final int TIMED = 5;

    private final double[] seconds = new double[TIMED];
    private int steps;

    /** Tells the listener after the last of the steps that are timed. */
    void step(double took, int left, TrainingListener listener) {
        if (steps >= PASSED && steps < PASSED + TIMED) {
            seconds[steps - PASSED] = took;
        }
        steps++;
        if (steps == PASSED + TIMED) {
            Arrays.sort(seconds);
            listener.cost(seconds[TIMED / 2], Pointer.physicalBytes(), left);
        }
    }
}
