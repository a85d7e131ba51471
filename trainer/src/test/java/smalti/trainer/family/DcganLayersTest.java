package smalti.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import smalti.spec.CounterRandom;
import smalti.spec.model.DcganFamily;
import smalti.spec.model.ImageSpec;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.HostArrays;
import smalti.trainer.graph.Parameters;
import smalti.trainer.graph.Statistics;
import smalti.trainer.graph.TrainingGraph;

class DcganLayersTest {
    private static final int BATCH = 4;
    private static final int CLASSES = 3;

    /** The training build normalises by the batch, the inference build by statistics: of that batch alone, they agree. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bothBuildsOfTheGeneratorAreEqualGivenTheSameStatistics(boolean conditional) {
        var family = new DcganFamily(6, 4, 4, conditional, 0, FamilyGraphs.ADAM);
        var layers = new DcganLayers(family, new ImageSpec(16, 16, 3), conditional ? CLASSES : 0);
        var parameters = new Parameters(1);
        var statistics = new Statistics();
        var training = GraphBuilder.training(parameters, statistics);
        var made = training.named("image", image(layers, training, BATCH, conditional));
        var graph = new TrainingGraph(training, training.mean(made), training.trainables());
        inputs(conditional).forEach((name, values) -> graph.set(name, HostArrays.floats(values)));
        var byBatch = graph.run(List.of("image"));

        var inference = GraphBuilder.inference(parameters, statistics);
        inference.named("image", image(layers, inference, -1, conditional));
        var frozen = inference.graph().output(inputs(conditional), "image");

        var expected = byBatch.floats("image");
        var actual = HostArrays.floats(Objects.requireNonNull(frozen.get("image")));
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) Math.abs(actual[i] - expected[i])).isLessThanOrEqualTo(1e-5);
        }
    }

    private static SDVariable image(DcganLayers layers, GraphBuilder g, int batch, boolean conditional) {
        @Nullable SDVariable labels = conditional ? g.input("labels", DataType.FLOAT, batch, CLASSES) : null;
        return layers.generator(g, g.input("noise", DataType.FLOAT, batch, 6), labels, batch);
    }

    private static Map<String, INDArray> inputs(boolean conditional) {
        var noise = new float[BATCH * 6];
        new CounterRandom(8, 0).normals(0, noise, 0, noise.length);
        var inputs = new LinkedHashMap<String, INDArray>();
        inputs.put("noise", HostArrays.floats(noise, BATCH, 6));
        if (conditional) {
            inputs.put("labels", HostArrays.floats(new float[] {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0}, BATCH, CLASSES));
        }
        return inputs;
    }

    @ParameterizedTest
    @ValueSource(ints = {28, 32, 64})
    void sizesComeOutRight(int size) {
        var family = new DcganFamily(6, 4, 4, false, 0.9, FamilyGraphs.ADAM);
        var layers = new DcganLayers(family, new ImageSpec(size, size, 1), 0);
        var g = GraphBuilder.inference(new Parameters(1), new Statistics());
        g.named("image", image(layers, g, -1, false));
        var image =
                Objects.requireNonNull(g.graph().output(inputs(false), "image").get("image"));
        assertThat(image.shape()).containsExactly(BATCH, 1, size, size);
        assertThat(List.of(image.maxNumber().doubleValue(), -image.minNumber().doubleValue()))
                .allSatisfy(extreme -> assertThat(extreme).isLessThanOrEqualTo(1));
    }
}
