package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code smalti convert} on a file that DL4J's ModelSerializer wrote. */
class Dl4jNetworkTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    @Test
    void aNetworkIsConvertedAndAsksForTheSizesThatItLacks() throws IOException {
        var network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .list()
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(4).build())
                .layer(new OutputLayer.Builder().nOut(2).build())
                .setInputType(InputType.convolutional(8, 8, 1))
                .build());
        network.init();
        var zip = folder.resolve("network.zip");
        ModelSerializer.writeModel(network, zip.toFile(), true);
        var out = folder.resolve("network.onnx");
        Cli.run("convert", zip, "--out", out).failsWith("InputType.convolutional(height, width, channels)");
        var converted =
                Cli.run("convert", zip, "--out", out, "--shape", "input=1,8,8").succeeds();
        assertThat(converted.out()).contains("input [N,1,8,8] float32 → output [N,2] float32");
        assertThat(out).isNotEmptyFile();
    }
}
