package smalti.bench;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import smalti.runtime.DeadlineException;
import smalti.runtime.Device;
import smalti.runtime.Generation;
import smalti.runtime.LiveModel;
import smalti.runtime.Pixels;
import smalti.runtime.QueueFullException;
import smalti.runtime.RequestOptions;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.CounterRandom;
import smalti.spec.SpecException;

/**
 * A service to look at: bundles that are asked for pictures by made-up callers, with its meters where Prometheus finds
 * them. A round of two minutes has quiet callers, then busy ones, then more requests than can be served, then quiet
 * again; each round begins with the bundles loaded anew. What the dashboard in docs/monitoring shows can be seen with it.
 */
public final class WatchedLoad implements AutoCloseable {
    private static final int PORT = 9400;
    private static final Duration ROUND = Duration.ofMinutes(2);
    private static final int CALLERS = 8;
    private static final int MOST_PICTURES = 8;
    private static final Duration PATIENCE = Duration.ofMillis(50);

    private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final List<Path> bundles;
    private final List<LiveModel> models = new ArrayList<>();
    private final HttpServer server;
    private volatile boolean closed;

    /** What callers do at a time of a round. */
    private enum Phase {
        QUIET(1, 60),
        BUSY(CALLERS, 0),
        FLOOD(CALLERS, 30);

        private final int callers;
        private final int pauseMillis;

        Phase(int callers, int pauseMillis) {
            this.callers = callers;
            this.pauseMillis = pauseMillis;
        }

        static Phase at(double share) {
            return share < 0.3 || share > 0.85 ? QUIET : share < 0.6 ? BUSY : FLOOD;
        }
    }

    /** @param port for {@code /metrics}; 0 for any */
    WatchedLoad(List<Path> bundles, int port) throws IOException {
        this.bundles = List.copyOf(bundles);
        var options = RuntimeOptions.defaults()
                .withDevice(Device.auto())
                .withMaxWaiting(256)
                .withMeters(meters);
        for (var bundle : bundles) {
            models.add(LiveModel.open(bundle, options));
        }
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/metrics", this::scrape);
        server.start();
    }

    /** @param args for how many minutes, and bundles */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length < 2) {
            throw new SpecException("usage: bench/watched MINUTES BUNDLE...");
        }
        var bundles =
                List.of(args).subList(1, args.length).stream().map(Path::of).toList();
        try (var load = new WatchedLoad(bundles, PORT)) {
            System.out.println("http://localhost:" + PORT + "/metrics");
            load.run(Duration.ofMinutes(Integer.parseInt(args[0])), ROUND);
        }
    }

    /** Asks for pictures for so long. */
    void run(Duration time, Duration round) throws InterruptedException {
        long start = System.nanoTime();
        var callers = new ArrayList<Thread>();
        for (int i = 0; i < CALLERS; i++) {
            var caller = new Caller(i, start, round);
            var thread = new Thread(caller, "caller-" + i);
            thread.start();
            callers.add(thread);
        }
        try {
            for (long next = round.toNanos(); next < time.toNanos(); next += round.toNanos()) {
                sleepUntil(start + next);
                for (int i = 0; i < models.size(); i++) {
                    models.get(i).reload(bundles.get(i));
                }
            }
            sleepUntil(start + time.toNanos());
        } finally {
            closed = true;
            for (var caller : callers) {
                caller.join();
            }
        }
    }

    int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
        models.forEach(LiveModel::close);
    }

    private static void sleepUntil(long nanos) throws InterruptedException {
        Thread.sleep(Math.max(0, (nanos - System.nanoTime()) / 1_000_000));
    }

    private void scrape(HttpExchange exchange) throws IOException {
        try (exchange) {
            var body = meters.scrape().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    /** One of those who ask. */
    private final class Caller implements Runnable {
        private final int index;
        private final CounterRandom random;
        private final long start;
        private final Duration round;
        private long draws;

        Caller(int index, long start, Duration round) {
            this.index = index;
            this.random = new CounterRandom(index, 0);
            this.start = start;
            this.round = round;
        }

        @Override
        public void run() {
            while (!closed) {
                var phase = Phase.at((double) ((System.nanoTime() - start) % round.toNanos()) / round.toNanos());
                if (index < phase.callers) {
                    ask(phase, models.get(below(models.size())));
                }
                pause(index < phase.callers ? phase.pauseMillis : 60);
            }
        }

        private void ask(Phase phase, LiveModel model) {
            if (phase != Phase.FLOOD) {
                settle(() -> model.callAsync(open -> request(open, RequestOptions.defaults())));
                return;
            }
            var all = new ArrayList<CompletableFuture<Pixels>>();
            for (int i = 0; i < 16; i++) {
                var request = model.callAsync(
                        open -> request(open, RequestOptions.defaults().withTimeout(PATIENCE)));
                if (below(10) == 0) {
                    request.cancel(false);
                }
                all.add(request);
            }
            all.forEach(request -> settle(() -> request));
        }

        private CompletableFuture<Pixels> request(SmaltiModel model, RequestOptions options) {
            int count = 1 + below(MOST_PICTURES);
            if (model.hasGenerator()) {
                var pictures = Generation.of(count, below(1000));
                int classes = model.manifest().contracts().classes().size();
                return model.generator()
                        .with(options)
                        .generateAsync(classes == 0 ? pictures : pictures.ofClass(below(classes)));
            }
            var pixels = model.manifest().pixels();
            var bytes = new byte[count * pixels.height() * pixels.width() * pixels.channels()];
            var pictures =
                    new Pixels(count, pixels.height(), pixels.width(), pixels.channels(), ByteBuffer.wrap(bytes));
            return model.codec().with(options).reconstructAsync(pictures);
        }

        /** Waits; what is not served at such times is what is looked for. */
        private void settle(Supplier<CompletableFuture<Pixels>> request) {
            try {
                request.get().join();
            } catch (CancellationException | CompletionException e) {
                var cause = e instanceof CompletionException ? e.getCause() : e;
                if (!(cause instanceof CancellationException
                        || cause instanceof QueueFullException
                        || cause instanceof DeadlineException)) {
                    throw e;
                }
            }
        }

        private int below(int bound) {
            return (int) (random.uniform(draws++, 0) * bound);
        }

        private void pause(int millis) {
            try {
                Thread.sleep(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
