package smalti.trainer.optimizer;

import java.util.List;

/** How one number of a parameter follows its gradient, by itself: what an optimizer is but for clipping and bookkeeping. */
public interface UpdateRule {
    /** Names of the numbers that are kept for each number of a parameter, 0 at the beginning. */
    List<String> kept();

    /**
     * The rule at one move.
     *
     * @param move from 0
     * @param rateFactor what the learning rate is multiplied by
     */
    Move at(int move, double rateFactor);

    /**
     * A rule at one move. Arrays are read and written at the same indices: with others, the JVM could not tell that they
     * do not overlap, nor vectorise.
     */
    @FunctionalInterface
    interface Move {
        /**
         * @param parameter is moved
         * @param kept an array for each of {@link UpdateRule#kept}; follow too
         * @param length of the arrays' beginnings to work on
         */
        void apply(float[] parameter, float[] gradient, float[][] kept, int length);
    }
}
