package smalti.runtime;

/**
 * How large batches may be, and which threads they take.
 *
 * @param threads of the budget that a batch takes
 * @param threadsAlone that a batch takes where nothing else is run or waits
 */
record BatchSettings(Limits limits, ThreadBudget budget, int threads, int threadsAlone) {
    /** Of items of any size. */
    BatchSettings(int maxBatch, int maxWaiting, ThreadBudget budget, int threads, int threadsAlone) {
        this(Limits.of(maxBatch, maxWaiting), budget, threads, threadsAlone);
    }

    /** How many batches run at once, at most. */
    int lanes() {
        return Math.max(1, budget.threads() / threads);
    }
}
