package smalti.exporter.dl4j;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A network with weights from a seed.
 *
 * @param inputs in the network's order
 */
record NetworkCase(String name, Model network, List<InputType> inputs) {
    private static final long SEED = 20240607;

    @Override
    public String toString() {
        return name;
    }

    static NetworkCase layers(String name, InputType input, Layer... layers) {
        return layers(name, DataType.FLOAT, input, null, layers);
    }

    static NetworkCase layers(
            String name,
            DataType type,
            InputType input,
            @org.jspecify.annotations.Nullable InputPreProcessor first,
            Layer... layers) {
        var list =
                new NeuralNetConfiguration.Builder().seed(SEED).dataType(type).list();
        for (var layer : layers) {
            list.layer(layer);
        }
        if (first != null) {
            list.inputPreProcessor(0, first);
        }
        var network = new MultiLayerNetwork(list.setInputType(input).build());
        network.init();
        for (var layer : network.getLayers()) {
            randomize(layer.paramTable());
        }
        return new NetworkCase(name, network, List.of(input));
    }

    static NetworkCase graph(
            String name, List<InputType> inputs, Consumer<ComputationGraphConfiguration.GraphBuilder> build) {
        var builder = new NeuralNetConfiguration.Builder().seed(SEED).graphBuilder();
        for (int i = 0; i < inputs.size(); i++) {
            builder.addInputs("in" + i);
        }
        build.accept(builder);
        builder.setInputTypes(inputs.toArray(InputType[]::new));
        var network = new ComputationGraph(builder.build());
        network.init();
        for (var layer : network.getLayers()) {
            randomize(layer.paramTable());
        }
        return new NetworkCase(name, network, inputs);
    }

    /** What is not random when a network is new: biases, statistics, slopes. */
    private static void randomize(java.util.@org.jspecify.annotations.Nullable Map<String, INDArray> parameters) {
        if (parameters == null) {
            return;
        }
        parameters.forEach((key, array) -> {
            var random = new SplittableRandom(SEED + key.hashCode() + array.length());
            boolean weights = array.rank() > 1 && array.size(0) > 1 && !key.equals("cL");
            if (!weights) {
                double low = key.equals("var") ? 0.5 : key.equals("log10stdev") ? -0.3 : -0.5;
                double high = key.equals("var") ? 1.5 : key.equals("log10stdev") ? 0.3 : 0.6;
                for (long i = 0; i < array.length(); i++) {
                    array.putScalar(i, random.nextDouble(low, high));
                }
            }
        });
    }

    /** Seeded numbers in DL4J's order of axes; indices below 4 where the network takes them. */
    INDArray[] arrays(int batch, long seed, boolean indices) {
        var random = new SplittableRandom(seed);
        return inputs.stream()
                .map(type -> {
                    long[] shape = InputShapes.of(type).stream()
                            .mapToLong(size -> size > 0 ? size : 5)
                            .toArray();
                    if (indices) {
                        shape = new long[] {batch, shape.length == 2 ? 1 : shape[2]};
                    }
                    shape[0] = batch;
                    var array = Nd4j.create(DataType.DOUBLE, shape);
                    for (long i = 0; i < array.length(); i++) {
                        array.putScalar(i, indices ? random.nextInt(4) : random.nextDouble(-2, 2));
                    }
                    return array;
                })
                .toArray(INDArray[]::new);
    }
}
