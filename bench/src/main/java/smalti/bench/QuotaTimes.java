package smalti.bench;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import smalti.runtime.Device;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.runtime.ThreadBudget;
import smalti.spec.SpecException;

/**
 * How well the runtime's own choice of threads serves in a container: pictures a second of several callers with it and
 * with other settings, in turns within one run. Prints medians over rounds, with their 95% intervals.
 */
public final class QuotaTimes {
    private static final int CALLERS = 8;
    private static final String OWN = "the runtime's own choice";

    private QuotaTimes() {}

    /** @param args a bundle's folder, and how many codes a picture has on each side */
    public static void main(String[] args) throws Exception {
        if (args.length != 2) {
            throw new SpecException("usage: bench/containers BUNDLE SIDE");
        }
        int side = Integer.parseInt(args[1]);
        var models = new LinkedHashMap<String, SmaltiModel>();
        try {
            settings().forEach((name, options) -> {
                var model = SmaltiModel.open(Path.of(args[0]), options);
                models.put(name, model);
                model.warm();
            });
            var programs = new LinkedHashMap<String, Timing.Program>();
            models.forEach((name, model) -> programs.put(name, () -> rate(model, side)));
            print(Timing.inTurns(programs));
        } finally {
            models.values().forEach(SmaltiModel::close);
        }
    }

    private static void print(Map<String, List<Double>> rates) {
        System.out.printf(
                Locale.ROOT,
                "%d processors for the JVM, %d threads of the runtime%n",
                Runtime.getRuntime().availableProcessors(),
                ThreadBudget.ofProcess().threads());
        rates.forEach((name, all) -> Timing.print(name + ", pictures a second", all));
        var own = Timing.take(rates, OWN);
        var best = Timing.best(rates);
        Timing.print("own choice / " + best.getKey(), Timing.ratios(own, best.getValue()));
    }

    private static Map<String, RuntimeOptions> settings() {
        var settings = new LinkedHashMap<String, RuntimeOptions>();
        settings.put(OWN, RuntimeOptions.defaults());
        for (int threads : new int[] {1, 2, 4}) {
            settings.put("runs of one thread, " + threads + " at once", options(threads, Device.Spread.NARROW));
            if (threads > 1) {
                settings.put("one run at a time, of " + threads + " threads", options(threads, Device.Spread.WIDE));
            }
        }
        return settings;
    }

    private static RuntimeOptions options(int threads, Device.Spread spread) {
        return RuntimeOptions.defaults()
                .withBudget(ThreadBudget.of(threads))
                .withDevice(Device.cpu().withThreads(threads).withSpread(spread));
    }

    private static double rate(SmaltiModel model, int side) throws InterruptedException {
        var codes = Timing.codes(model, side, 1);
        int bytes = model.codec().decode(codes).data().remaining();
        return Timing.served(CALLERS, () -> {
            var into = ByteBuffer.allocateDirect(bytes);
            return () -> {
                model.codec().decode(codes, into);
                return 1;
            };
        });
    }
}
