package smalti.runtime;

import org.jspecify.annotations.Nullable;

/** Tells a run that nobody waits for it any more. Thread-safe. */
final class StopSignal {
    private @Nullable Runnable action;
    private boolean given;

    /** @param action called once the signal is given, now if it was; null: nothing any more */
    synchronized void onStop(@Nullable Runnable action) {
        this.action = action;
        if (given && action != null) {
            action.run();
        }
    }

    synchronized void give() {
        given = true;
        if (action != null) {
            action.run();
        }
    }

    synchronized boolean isGiven() {
        return given;
    }
}
