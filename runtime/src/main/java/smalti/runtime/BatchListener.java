package smalti.runtime;

/** Is told what a {@link Batcher} does. Called by many threads at once, and never under a lock. */
interface BatchListener {
    /** How a request ended. */
    enum Outcome {
        COMPLETED,
        FAILED,
        REFUSED,
        EXPIRED,
        CANCELLED
    }

    /** Does nothing. */
    BatchListener NONE = new BatchListener() {
        @Override
        public void batch(int items, long copyNanos, long runNanos) {}

        @Override
        public void request(Outcome outcome, int items, long queuedNanos, long totalNanos) {}
    };

    /**
     * A batch was run.
     *
     * @param copyNanos that went into bringing it together and the answers back
     * @param runNanos of the run itself
     */
    void batch(int items, long copyNanos, long runNanos);

    /**
     * A request ended.
     *
     * @param queuedNanos from its arrival until its first item was dispatched, or until its end
     * @param totalNanos from its arrival until its end
     */
    void request(Outcome outcome, int items, long queuedNanos, long totalNanos);
}
