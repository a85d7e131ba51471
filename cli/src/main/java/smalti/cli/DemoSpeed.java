package smalti.cli;

import java.nio.file.Path;
import smalti.runtime.Pixels;
import smalti.runtime.SmaltiModel;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.file.RecordTree;
import smalti.trainer.data.Pictures;
import smalti.trainer.graph.RunGraphs;

/**
 * Pictures a second of the same work in SameDiff and in ONNX Runtime: decoding for a codec, generating for a
 * generator. A look, not a benchmark: the best of a few runs of one batch, on a machine that does other things too.
 */
record DemoSpeed(String model, double sameDiff, double onnx) {
    private static final int BATCH = 16;
    private static final int RUNS = 12;

    static DemoSpeed codec(Path run, Path bundle, Pictures pictures) {
        try (var model = SmaltiModel.open(bundle)) {
            var codec = model.codec();
            var codes = codec.encode(new Pixels(
                    BATCH,
                    pictures.height(),
                    pictures.width(),
                    pictures.channels(),
                    java.nio.ByteBuffer.wrap(pictures.take(BATCH).pixels())));
            var graphs = open(run);
            double slow = best(() -> graphs.decode(codes.values(), codes.count(), codes.height(), codes.width()));
            return new DemoSpeed("decoding", slow, best(() -> codec.decode(codes)));
        }
    }

    static DemoSpeed generator(Path run, Path bundle) {
        try (var model = SmaltiModel.open(bundle)) {
            var generator = model.generator();
            var noise = new float[BATCH * generator.noiseLength()];
            for (int i = 0; i < BATCH; i++) {
                System.arraycopy(generator.noise(0, i), 0, noise, i * generator.noiseLength(), generator.noiseLength());
            }
            var classes = GenerateCommand.inTurn(BATCH, generator.classes().size());
            var graphs = open(run);
            double slow = best(() -> graphs.generate(noise, classes));
            return new DemoSpeed("generating", slow, best(() -> generator.generate(noise, classes)));
        }
    }

    private static RunGraphs open(Path run) {
        return RunGraphs.open(run, RecordTree.read(run.resolve(ExportManifest.FILE), ExportManifest.class));
    }

    private static double best(Runnable work) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < RUNS; i++) {
            long started = System.nanoTime();
            work.run();
            least = Math.min(least, System.nanoTime() - started);
        }
        return BATCH / (least / 1e9);
    }
}
