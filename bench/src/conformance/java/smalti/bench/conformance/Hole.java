package smalti.bench.conformance;

/**
 * What a consumer is known not to do.
 *
 * @param consumer beginning of its name
 * @param graphs regular expression for a job's id
 * @param message regular expression for what its failure must hold, so that another failure is not taken for this one
 * @param reason for people
 */
record Hole(String consumer, String graphs, String message, String reason) {
    boolean covers(String name, Job job) {
        return name.startsWith(consumer) && job.id().matches(graphs);
    }
}
