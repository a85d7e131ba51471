package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtEnvironment;
import java.io.File;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An application that ends in a JVM that goes on, as in a container of several: nothing of the runtime stays. */
@Timeout(120)
final class ClassLoaderTest {
    /** What an application does; loaded by its own loader. */
    public static final class Application implements Runnable {
        @Override
        public void run() {
            var bundle = Path.of(System.getProperty("smalti.test.bundle"));
            try (var model = SmaltiModel.open(bundle);
                    var live = LiveModel.open(bundle, RuntimeOptions.defaults())) {
                model.warm();
                var options = RequestOptions.defaults().withTimeout(java.time.Duration.ofMinutes(1));
                var generator = model.generator().with(options);
                var all = new CompletableFuture<?>[8];
                for (int i = 0; i < all.length; i++) {
                    all[i] = generator.generateAsync(Generation.of(2, i));
                }
                CompletableFuture.allOf(all).join();
                live.callAsync(served -> served.generator().generateAsync(Generation.of(1, 1)))
                        .join();
                // not in what follows the future: of one that is done already that runs on the application's thread
                var ofOurs = CompletableFuture.supplyAsync(
                                () -> Thread.currentThread().getContextClassLoader(), Threads.SERVERS)
                        .join();
                if (ofOurs == getClass().getClassLoader()) {
                    throw new IllegalStateException("the thread has the application's loader");
                }
            }
        }
    }

    /** Loads all but the JDK and ONNX Runtime, which frees itself when the JVM ends, by itself. */
    private static final class Loader extends URLClassLoader {
        Loader(URL[] path) {
            super(path, ClassLoader.getPlatformClassLoader());
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            return name.startsWith("ai.onnxruntime.") ? Class.forName(name) : super.findClass(name);
        }
    }

    @Test
    void nothingStaysOfAnApplicationThatEnded() throws Exception {
        // by the container: its shutdown hook holds the class loader of whoever asks for it first
        OrtEnvironment.getEnvironment();
        var before = threads();
        var queue = new ReferenceQueue<ClassLoader>();
        var loader = ended(queue);
        // the application's own threads: idle ones end at once where no model is open
        for (var thread : threads()) {
            if (!before.contains(thread)) {
                thread.join(TimeUnit.SECONDS.toMillis(30));
                assertThat(thread.isAlive()).as(thread.getName()).isFalse();
            }
        }
        boolean isGone = false;
        for (int i = 0; i < 200 && !isGone; i++) {
            System.gc();
            isGone = queue.remove(100) != null;
        }
        assertThat(isGone).as("the loader is gone").isTrue();
        assertThat(loader.get()).isNull();
    }

    private static WeakReference<ClassLoader> ended(ReferenceQueue<ClassLoader> queue) throws Exception {
        System.setProperty("smalti.test.bundle", Bundles.GENERATOR.toString());
        var paths = System.getProperty("java.class.path").split(File.pathSeparator, -1);
        var urls = new URL[paths.length];
        for (int i = 0; i < urls.length; i++) {
            urls[i] = Path.of(paths[i]).toUri().toURL();
        }
        var current = Thread.currentThread();
        var own = current.getContextClassLoader();
        try (var loader = new Loader(urls)) {
            current.setContextClassLoader(loader);
            var application = (Runnable) loader.loadClass(Application.class.getName())
                    .getConstructor()
                    .newInstance();
            assertThat(application.getClass()).isNotEqualTo(Application.class);
            // on a thread that ends with it: libraries keep buffers by thread
            var failure = new AtomicReference<Throwable>();
            var thread = new Thread(application);
            thread.setUncaughtExceptionHandler((ended, thrown) -> failure.set(thrown));
            thread.start();
            thread.join();
            assertThat(failure.get()).isNull();
            return new WeakReference<>(loader, queue);
        } finally {
            current.setContextClassLoader(own);
        }
    }

    private static Set<Thread> threads() {
        return new HashSet<>(Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("smalti-"))
                .collect(Collectors.toSet()));
    }
}
