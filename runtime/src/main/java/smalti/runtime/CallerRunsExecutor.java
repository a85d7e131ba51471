package smalti.runtime;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Hands tasks on to another executor. Where the machine gives that no more threads, the caller runs them, or those who
 * wait would wait for ever.
 */
final class CallerRunsExecutor implements Executor {
    private final Executor executor;

    CallerRunsExecutor(Executor executor) {
        this.executor = executor;
    }

    @Override
    public void execute(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException | OutOfMemoryError e) {
            task.run();
        }
    }
}
