package smalti.exporter.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.exporter.ExportOptions;
import smalti.exporter.proof.ModelSession;
import smalti.spec.SpecException;

/** What cannot be exported is told whole, and a file from anywhere is no danger. */
final class Dl4jRefusalTest {
    @TempDir
    private Path folder;

    private Path file() {
        return folder.resolve("network.onnx");
    }

    @Test
    void everyLayerThatIsNotCoveredIsNamed() {
        var network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new SelfAttentionLayer.Builder()
                        .nOut(4)
                        .nHeads(2)
                        .headSize(2)
                        .projectInput(true)
                        .name("attends")
                        .build())
                .layer(new LearnedSelfAttentionLayer.Builder()
                        .nOut(4)
                        .nHeads(1)
                        .headSize(4)
                        .nQueries(3)
                        .projectInput(true)
                        .name("learns")
                        .build())
                .layer(new LSTM.Builder().nOut(3).name("after").build())
                .layer(new RnnOutputLayer.Builder().nOut(2).build())
                .setInputType(InputType.recurrent(5, 7))
                .build());
        network.init();
        assertThatThrownBy(
                        () -> Dl4jNetworks.export(network, file(), ExportOptions.defaults(), InputType.recurrent(5, 7)))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("layer \"attends\" (SelfAttentionLayer): ")
                .hasMessageContaining("layer \"learns\" (LearnedSelfAttentionLayer): ")
                .satisfies(e -> assertThat(((SpecException) e).problems()).hasSize(2));
        assertThat(file()).doesNotExist();
    }

    @Test
    void aSeriesOfUnknownLengthIsRefusedWithTheRemedy() {
        var network = (MultiLayerNetwork) NetworkCase.layers(
                        "lstm",
                        InputType.recurrent(3, 5),
                        new LSTM.Builder().nOut(4).build(),
                        new RnnOutputLayer.Builder().nOut(2).build())
                .network();
        assertThatThrownBy(() -> Dl4jNetworks.toSameDiff(network))
                .hasMessageContaining("layer0")
                .hasMessageContaining("InputType.recurrent(features, length)");
    }

    @Test
    void picturesOfUnknownSizeBeforeADenseLayerAreRefusedWithTheRemedy() {
        var network = (MultiLayerNetwork) NetworkCase.layers(
                        "pictures",
                        InputType.convolutional(9, 8, 3),
                        new org.deeplearning4j.nn.conf.layers.ConvolutionLayer.Builder(3, 3)
                                .nOut(2)
                                .build(),
                        new DenseLayer.Builder().nOut(3).build(),
                        NetworkCases.classes(2))
                .network();
        assertThatThrownBy(() -> Dl4jNetworks.toSameDiff(network))
                .hasMessageContaining("InputType.convolutional(height, width, channels)");
        assertThat(Dl4jNetworks.toSameDiff(network, InputType.convolutional(9, 8, 3))
                        .hasVariable("output"))
                .isTrue();
    }

    @Test
    void filesOfBothKindsAreExported() throws IOException {
        var zip = folder.resolve("network.zip");
        for (var useCase : List.of(
                NetworkCases.lenet(),
                NetworkCases.all()
                        .filter(each -> each.name().equals("cut and joined"))
                        .findFirst()
                        .orElseThrow())) {
            ModelSerializer.writeModel(useCase.network(), zip.toFile(), true);
            assertThat(Dl4jNetworks.isNetwork(zip)).isTrue();
            var shapes = useCase.network() instanceof ComputationGraph
                    ? Map.of("in0", List.of(-1L, 6L), "in1", List.of(-1L, 6L))
                    : Map.<String, List<Long>>of();
            var exported = Dl4jNetworks.exportFile(zip, shapes, file(), ExportOptions.defaults());
            try (var session = ModelSession.openOnAllCores(file())) {
                Dl4jNetworksTest.compare(useCase, exported, session, 2);
            }
        }
    }

    @Test
    void aDamagedOrHostileFileIsRefused() throws IOException {
        var zip = folder.resolve("network.zip");
        var dense = NetworkCase.layers("dense", InputType.feedForward(3), NetworkCases.classes(2));
        ModelSerializer.writeModel(dense.network(), zip.toFile(), false);
        var json = ((MultiLayerNetwork) dense.network())
                .getLayerWiseConfigurations()
                .toJson();

        assertThatThrownBy(() -> export(write(json, bomb(1L << 40, "FLOAT"))))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("got " + (1L << 40));
        assertThatThrownBy(() -> export(write(json, bomb(2_000_000_000, "FLOAT"))))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("must be whole");
        assertThatThrownBy(() -> export(write(json, bomb(8, "COMPRESSED"))))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("COMPRESSED");
        assertThatThrownBy(() -> export(write(
                        json.replace("org.deeplearning4j.nn.conf.layers.OutputLayer", "javax.naming.InitialContext"),
                        bomb(8, "FLOAT"))))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("javax.naming.InitialContext");
        assertThatThrownBy(() -> export(write("[".repeat(100_000), bomb(8, "FLOAT"))))
                .isInstanceOf(SpecException.class);
        assertThatThrownBy(() -> export(write("{}", bomb(8, "FLOAT"))))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("confs");

        byte[] whole = Files.readAllBytes(zip);
        var random = new SplittableRandom(5);
        for (int i = 0; i < 200; i++) {
            byte[] changed = i % 2 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int j = 0; i % 2 == 1 && j < 4; j++) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt();
            }
            Files.write(zip, changed);
            try {
                export(zip);
            } catch (SpecException | IOException e) {
                assertThat(e).hasMessageMatching("(?s).+");
            }
        }
    }

    private void export(Path zip) throws IOException {
        Dl4jNetworks.exportFile(zip, Map.of(), file(), ExportOptions.defaults());
    }

    private Path write(String json, byte[] parameters) throws IOException {
        var zip = folder.resolve("hostile.zip");
        try (var out = new ZipOutputStream(Files.newOutputStream(zip))) {
            out.putNextEntry(new ZipEntry("configuration.json"));
            out.write(json.getBytes(StandardCharsets.UTF_8));
            out.putNextEntry(new ZipEntry("coefficients.bin"));
            out.write(parameters);
        }
        return zip;
    }

    /** An array that says it is larger than it is. */
    private static byte[] bomb(long count, String type) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var out = new DataOutputStream(bytes);
        out.writeUTF("MIXED_DATA_TYPES");
        out.writeLong(8);
        out.writeUTF("LONG");
        out.write(new byte[64]);
        out.writeUTF("MIXED_DATA_TYPES");
        out.writeLong(count);
        out.writeUTF(type);
        out.write(new byte[32]);
        return bytes.toByteArray();
    }
}
