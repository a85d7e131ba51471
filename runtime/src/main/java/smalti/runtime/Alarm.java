package smalti.runtime;

import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Rings once, at the earliest of the moments that it was set to. Whoever uses it brings the lock. */
final class Alarm {
    private final Ticker ticker;
    private final Runnable ring;
    private long time = Ticket.NEVER;
    private @Nullable Future<?> call;

    /** @param ring called without the lock */
    Alarm(Ticker ticker, Runnable ring) {
        this.ticker = ticker;
        this.ring = ring;
    }

    /**
     * Rings at this moment, unless it rings before that anyway.
     *
     * @param moment of the ticker; {@link Ticket#NEVER} changes nothing
     */
    void ringsBy(long moment) {
        if (moment == Ticket.NEVER || (time != Ticket.NEVER && time - moment <= 0)) {
            return;
        }
        cancel();
        time = moment;
        call = ticker.after(moment - ticker.nanos(), ring);
    }

    /** It rang, and is set to this moment next. */
    void rang(long next) {
        time = Ticket.NEVER;
        ringsBy(next);
    }

    void cancel() {
        if (call != null) {
            call.cancel(false);
        }
    }
}
