package smalti.runtime;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The answers to a stream of requests. A few requests are sent before their answers are read. Those whose answers are not
 * read are cancelled when the stream is closed.
 */
final class AnswerStream<A, B> implements Iterator<B> {
    private static final long LONGEST_PAUSE_NANOS = 50_000_000;
    private static final long SHORTEST_PAUSE_NANOS = 200_000;

    private final Iterator<A> questions;
    private final Function<A, CompletableFuture<B>> ask;
    private final int most = 2 * Runtime.getRuntime().availableProcessors() + 2;
    private final ArrayDeque<CompletableFuture<B>> asked = new ArrayDeque<>();

    private AnswerStream(Iterator<A> questions, Function<A, CompletableFuture<B>> ask) {
        this.questions = questions;
        this.ask = ask;
    }

    static <A, B> Stream<B> map(Stream<A> questions, Function<A, CompletableFuture<B>> ask) {
        var answers = new AnswerStream<>(questions.iterator(), ask);
        int traits = Spliterator.ORDERED | Spliterator.NONNULL;
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(answers, traits), false)
                .onClose(answers::giveUp)
                .onClose(questions::close);
    }

    @Override
    public boolean hasNext() {
        return !asked.isEmpty() || questions.hasNext();
    }

    @Override
    public B next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        try {
            while (asked.size() < most && questions.hasNext()) {
                asked.add(ask(questions.next()));
            }
            return asked.remove().join();
        } catch (CompletionException e) {
            giveUp();
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        } catch (RuntimeException e) {
            giveUp();
            throw e;
        }
    }

    private void giveUp() {
        asked.forEach(future -> future.cancel(true));
        asked.clear();
    }

    /** Asks until there is room. */
    private CompletableFuture<B> ask(A question) {
        while (true) {
            var future = ask.apply(question);
            var refusal = refusal(future);
            if (refusal == null) {
                return future;
            }
            var oldest = asked.peek();
            if (oldest != null && !oldest.isDone()) {
                oldest.exceptionally(failure -> null).join();
            } else {
                long pause = refusal.estimate().toNanos() / 2;
                LockSupport.parkNanos(Math.max(SHORTEST_PAUSE_NANOS, Math.min(LONGEST_PAUSE_NANOS, pause)));
                if (Thread.currentThread().isInterrupted()) {
                    throw new CancellationException("interrupted while waiting for room in the queue");
                }
            }
        }
    }

    private static @org.jspecify.annotations.Nullable QueueFullException refusal(CompletableFuture<?> future) {
        if (!future.isCompletedExceptionally()) {
            return null;
        }
        try {
            future.join();
            return null;
        } catch (CompletionException e) {
            return e.getCause() instanceof QueueFullException refusal ? refusal : null;
        } catch (CancellationException e) {
            return null;
        }
    }
}
