package smalti.runtime;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import smalti.spec.SpecException;

/**
 * A model that is replaced while it serves. A call keeps the model that it began with until it ends, at most
 * {@link RuntimeOptions#drainTimeout} beyond a reload, so that no request fails when another takes over.
 *
 * <pre>{@code
 * try (var flowers = LiveModel.open(Path.of("flowers-1.smalti"), RuntimeOptions.defaults())) {
 *     Pixels pixels = flowers.call(model -> model.generator().generate(4, 42));
 *     flowers.reload(Path.of("flowers-2.smalti"));
 * }
 * }</pre>
 */
public final class LiveModel implements AutoCloseable {
    private final RuntimeOptions options;
    private final Consumer<SmaltiModel> check;
    private final ReentrantLock reloading = new ReentrantLock();
    private final ReentrantLock lock = new ReentrantLock();
    private Lent current;
    private boolean closed;

    private LiveModel(SmaltiModel model, RuntimeOptions options, Consumer<SmaltiModel> check) {
        this.current = new Lent(model);
        this.options = options;
        this.check = check;
    }

    /** Opens, verifies and warms a bundle and holds it to its own samples; nothing else is asked of it. */
    public static LiveModel open(Path bundle, RuntimeOptions options) {
        return open(bundle, options, model -> {});
    }

    /**
     * Opens, verifies and warms a bundle, and holds it to its own samples, see {@link SmaltiModel#checkParity}.
     *
     * @param check throws if a model must not serve for reasons of the service's own; asked of this bundle and of each
     *     that is to replace it
     * @throws LoadException if the bundle is not what was exported
     */
    public static LiveModel open(Path bundle, RuntimeOptions options, Consumer<SmaltiModel> check) {
        Objects.requireNonNull(bundle, "bundle");
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(check, "check");
        return new LiveModel(made(bundle, options, check), options, check);
    }

    /**
     * Does something with the current model, which is not closed before it returns, unless that takes longer than
     * {@link RuntimeOptions#drainTimeout} beyond a reload.
     *
     * @throws ModelClosedException if this is closed
     */
    public <T> T call(Function<SmaltiModel, T> work) {
        Objects.requireNonNull(work, "work");
        var lent = borrow();
        var scope = new CallScope(this);
        try {
            return CallScope.within(scope, () -> work.apply(lent.model));
        } finally {
            giveBack(lent, scope);
        }
    }

    /**
     * As {@link #call}, where the model is needed until the future is done. Who hears of the future may close or reload
     * this: the call is over by then. What {@code work} itself hangs on its futures is a part of the call; where that runs
     * on the threads of another executor, as with {@code thenApplyAsync}, a close or reload in it is not known for one
     * within the call, and waits for {@link RuntimeOptions#drainTimeout}.
     *
     * @return the answer of {@code work}, which fails with {@link ModelClosedException} if this is closed; ending it from
     *     outside cancels that
     */
    public <T> CompletableFuture<T> callAsync(Function<SmaltiModel, CompletableFuture<T>> work) {
        Objects.requireNonNull(work, "work");
        Lent lent;
        try {
            lent = borrow();
        } catch (ModelClosedException e) {
            return CompletableFuture.failedFuture(e);
        }
        var scope = new CallScope(this);
        CompletableFuture<T> answer;
        try {
            answer = CallScope.within(
                    scope,
                    () -> Objects.requireNonNull(
                            work.apply(lent.model), "what is called must give a future, not null"));
        } catch (RuntimeException | Error e) {
            giveBack(lent, scope);
            throw e;
        }
        return LentAnswer.of(answer, failure -> giveBack(lent, scope));
    }

    /** Of the current model. */
    public ModelHealth health() {
        lock.lock();
        try {
            var health = current.model.health();
            return closed && health.live() ? ModelHealth.closing() : health;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Opens, verifies, warms and checks another bundle, by its own samples first, while this one serves, then lets it
     * take over; waits until the calls of the former are over, at most {@link RuntimeOptions#drainTimeout}, and closes
     * that. Where anything is wrong with the new bundle, the former stays. Until then both are in memory.
     *
     * @throws LoadException if the bundle is not what was exported, or cannot be asked for all that the former can:
     *     graphs of other inputs or outputs, or classes that do not begin with the former's
     * @throws ModelClosedException if this is closed
     * @throws RunException if a run of the new model fails
     * @throws IllegalStateException if this is within a {@link #call} or {@link #callAsync} that is not over, which would
     *     wait for itself
     * @throws RuntimeException what the check throws
     */
    public void reload(Path bundle) {
        Objects.requireNonNull(bundle, "bundle");
        requireOutside("a reload");
        reloading.lock();
        try {
            var served = current.model.manifest();
            var made = made(bundle, options, model -> {
                try {
                    SmaltiModel.requireServes(model.manifest(), served);
                } catch (SpecException e) {
                    throw LoadException.located(bundle.toString(), e);
                }
                check.accept(model);
            });
            Lent former;
            lock.lock();
            try {
                if (closed) {
                    made.close();
                    throw closedAlready();
                }
                former = current;
                current = new Lent(made);
            } finally {
                lock.unlock();
            }
            Log.LOG.info(
                    "{}: took over from {}", bundle, former.model.manifest().name());
            end(former);
        } finally {
            reloading.unlock();
        }
    }

    /**
     * Waits for what is called, as {@link SmaltiModel#close} does; again, it does nothing.
     *
     * @throws IllegalStateException as {@link #reload}
     */
    @Override
    public void close() {
        requireOutside("a close");
        reloading.lock();
        try {
            lock.lock();
            try {
                if (closed) {
                    return;
                }
                closed = true;
            } finally {
                lock.unlock();
            }
            end(current);
        } finally {
            reloading.unlock();
        }
    }

    private static SmaltiModel made(Path bundle, RuntimeOptions options, Consumer<SmaltiModel> check) {
        var model = SmaltiModel.open(bundle, options);
        try {
            model.verify();
            model.warm();
            model.checkParity();
            check.accept(model);
            return model;
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    private void requireOutside(String what) {
        if (CallScope.isWithin(this)) {
            throw new IllegalStateException(what + " within a call would wait for that call");
        }
    }

    private Lent borrow() {
        lock.lock();
        try {
            if (closed) {
                throw closedAlready();
            }
            current.calls++;
            return current;
        } finally {
            lock.unlock();
        }
    }

    private void giveBack(Lent lent, CallScope scope) {
        scope.end();
        lock.lock();
        try {
            lent.calls--;
            lent.returned.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Closes a model once nobody has it, or its time to drain is over, which is one for all of it. */
    private void end(Lent lent) {
        long left = options.drainTimeout().toNanos();
        lock.lock();
        try {
            while (lent.calls > 0 && left > 0) {
                left = lent.returned.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
        lent.model.closeWithin(Duration.ofNanos(Math.max(0, left)));
    }

    private static ModelClosedException closedAlready() {
        return new ModelClosedException("the model");
    }

    /** A model, and how many calls have it. */
    private final class Lent {
        private final SmaltiModel model;
        private final Condition returned = lock.newCondition();
        private int calls;

        Lent(SmaltiModel model) {
            this.model = model;
        }
    }
}
