package smalti.exporter.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxChecker;
import smalti.exporter.OnnxExporter;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.samediff.PlainArrays;
import smalti.spec.file.NpyArray;

/** Networks as ONNX in ONNX Runtime against DL4J's own output. */
final class Dl4jNetworksTest {
    /** float32 sums of up to some thousand terms, relative to the largest of the result. */
    private static final double TOLERANCE = 2e-5;

    private static final Set<String> SHOWN = Set.of("LeNet", "residual block");

    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> computesTheSame() {
        return NetworkCases.all().map(useCase -> DynamicTest.dynamicTest(useCase.name(), () -> check(useCase)));
    }

    private void check(NetworkCase useCase) throws IOException {
        // the lowerings are tested at each opset one by one
        boolean all = Boolean.getBoolean("smalti.full") || SHOWN.contains(useCase.name());
        for (int opset : all ? new int[] {13, 17, 21} : new int[] {17}) {
            var file = folder.resolve("network-" + opset + ".onnx");
            var exported = export(useCase, file, opset);
            OnnxChecker.check(file);
            try (var session = ModelSession.openOnAllCores(file)) {
                for (int batch : new int[] {1, 3}) {
                    compare(useCase, exported, session, batch);
                }
            }
        }
    }

    static OnnxExporter.Exported export(NetworkCase useCase, Path file, int opset) throws IOException {
        var options = ExportOptions.defaults().withOpset(opset);
        var types = useCase.inputs().toArray(InputType[]::new);
        return useCase.network() instanceof MultiLayerNetwork layers
                ? Dl4jNetworks.export(layers, file, options, types)
                : Dl4jNetworks.export((ComputationGraph) useCase.network(), file, options, types);
    }

    static void compare(NetworkCase useCase, OnnxExporter.Exported exported, ModelSession session, int batch) {
        var inputs = exported.signature().inputs();
        boolean indices = inputs.get(0).type() == smalti.spec.bundle.ElementType.INT64;
        var arrays = useCase.arrays(batch, 99 + batch, indices);
        var plain = new LinkedHashMap<String, NpyArray>();
        for (int i = 0; i < arrays.length; i++) {
            arrays[i] = arrays[i].castTo(
                    indices
                            ? DataType.INT64
                            : inputs.get(i).type() == smalti.spec.bundle.ElementType.FLOAT64
                                    ? DataType.DOUBLE
                                    : DataType.FLOAT);
            plain.put(inputs.get(i).name(), PlainArrays.plain(arrays[i], "input"));
        }
        Map<String, NpyArray> made = session.runArrays(plain);
        INDArray[] expected = useCase.network() instanceof MultiLayerNetwork layers
                ? new INDArray[] {layers.output(arrays[0])}
                : ((ComputationGraph) useCase.network()).output(arrays);
        var outputs = exported.signature().outputs();
        assertThat(outputs).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
            var name = outputs.get(i).name();
            var actual = PlainArrays.array(Objects.requireNonNull(made.get(name), name));
            assertThat(actual.shape()).as("%s at batch %s", name, batch).isEqualTo(expected[i].shape());
            var difference = expected[i].castTo(DataType.DOUBLE).sub(actual.castTo(DataType.DOUBLE));
            double largest = expected[i].castTo(DataType.DOUBLE).amaxNumber().doubleValue();
            assertThat(difference.amaxNumber().doubleValue())
                    .as("%s at batch %s, of at most %s", name, batch, largest)
                    .isLessThanOrEqualTo(TOLERANCE * Math.max(largest, 1e-3));
        }
    }
}
