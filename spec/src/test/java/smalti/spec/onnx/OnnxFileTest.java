package smalti.spec.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.spec.SpecException;

class OnnxFileTest {
    private static final byte[] SAMPLE = sample();

    private static Proto tensorType(int element, Proto... dims) {
        var shape = new Proto();
        for (var dim : dims) {
            shape.message(1, dim);
        }
        return new Proto().message(1, new Proto().whole(1, element).message(2, shape));
    }

    private static Proto value(String name, Proto type) {
        return new Proto().text(1, name).message(2, type);
    }

    private static byte[] floats(float... values) {
        var bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    private static byte[] sample() {
        var body = new Proto().text(2, "then").message(1, new Proto().text(4, "Identity"));
        var node = new Proto()
                .text(1, "x")
                .text(1, "")
                .text(1, "w")
                .text(2, "y")
                .text(3, "first")
                .text(4, "Conv")
                .text(7, "ai.onnx")
                .message(5, new Proto().text(1, "pads").packed(8, 1, 2, -1).whole(20, 7))
                .message(5, new Proto().text(1, "group").whole(3, 4))
                .message(5, new Proto().text(1, "auto_pad").text(4, "SAME").whole(20, 3))
                .message(
                        5,
                        new Proto().text(1, "scales").bytes(7, floats(0.5f, 2)).whole(20, 6))
                .message(5, new Proto().text(1, "body").message(6, body).whole(20, 5))
                .message(5, new Proto().text(1, "alpha").text(21, "beta").whole(20, 1));
        var graph = new Proto()
                .text(2, "main")
                .message(1, node)
                .message(5, new Proto().packed(1, 2, 3).whole(2, 1).text(8, "w").bytes(9, new byte[24]))
                .message(
                        5, new Proto().whole(1, 2).whole(2, 1).text(8, "listed").bytes(4, floats(1, -2)))
                .message(
                        5,
                        new Proto()
                                .whole(1, 1 << 20)
                                .whole(2, 1)
                                .text(8, "far")
                                .message(13, new Proto().text(1, "location").text(2, "w.data"))
                                .message(13, new Proto().text(1, "offset").text(2, "4096"))
                                .message(13, new Proto().text(1, "length").text(2, "4194304"))
                                .whole(14, 1))
                .message(11, value("x", tensorType(1, new Proto().text(2, "N"), new Proto(), new Proto().whole(1, 0))))
                .message(12, value("y", new Proto().message(9, new Proto().message(1, tensorType(1)))))
                .message(12, value("s", new Proto().message(4, new Proto().message(1, tensorType(7)))));
        return new Proto()
                .whole(1, 8)
                .text(2, "hand")
                .message(7, graph)
                .message(8, Proto.opset("ai.onnx", 17))
                .message(8, Proto.opset("com.microsoft", 1))
                .message(
                        25,
                        new Proto()
                                .text(1, "Twice")
                                .text(10, "local")
                                .text(4, "a")
                                .text(5, "b")
                                .text(6, "k")
                                .message(7, new Proto().text(4, "Add"))
                                .message(9, Proto.opset("", 17)))
                .done();
    }

    @Test
    void everyPartIsRead() {
        var file = OnnxFile.read(SAMPLE, "sample");
        assertThat(file.irVersion()).isEqualTo(8);
        assertThat(file.producer()).isEqualTo("hand");
        assertThat(file.opsets()).isEqualTo(Map.of("", 17L, "com.microsoft", 1L));
        assertThat(file.functions()).hasSize(1);
        assertThat(file.functions().get(0).nodes().get(0).is("Add")).isTrue();
        assertThat(file.functions().get(0).attributes()).containsExactly("k");
        var node = file.graph().nodes().get(0);
        assertThat(node.is("Conv")).isTrue();
        assertThat(node.inputs()).containsExactly("x", "", "w");
        assertThat(node.outputs()).containsExactly("y");
        assertThat(node.wholes("pads")).containsExactly(1L, 2L, -1L);
        assertThat(node.whole("group", 1)).isEqualTo(4);
        assertThat(node.text("auto_pad", "")).isEqualTo("SAME");
        assertThat(node.attribute("scales")).contains(new OnnxAttribute.Reals(List.of(0.5f, 2f)));
        assertThat(node.attribute("alpha")).contains(new OnnxAttribute.Reference("beta"));
        assertThat(node.bodies().map(OnnxGraph::name)).containsExactly("then");
        assertThat(file.graph().inputs().get(0).type())
                .isEqualTo(new OnnxType.OfTensor(1, List.of(OnnxAxis.free("N"), OnnxAxis.free(""), OnnxAxis.of(0))));
        assertThat(file.graph().outputs().get(0).type()).isInstanceOf(OnnxType.OfOptional.class);
        assertThat(file.graph().outputs().get(1).type())
                .isEqualTo(new OnnxType.OfSequence(new OnnxType.OfTensor(7, List.of())));
    }

    @Test
    void weightsAreLookedAtAndNotCopied() {
        var graph = OnnxFile.read(SAMPLE, "sample").graph();
        var raw = graph.initializer("w").orElseThrow();
        assertThat(raw.dims()).containsExactly(2L, 3L);
        assertThat(raw.raw().orElseThrow().array()).isSameAs(SAMPLE);
        assertThat(raw.numbers(6))
                .hasValueSatisfying(numbers -> assertThat(numbers).containsOnly(0));
        assertThat(raw.numbers(5)).isEmpty();
        assertThat(graph.initializer("listed").orElseThrow().numbers(2).orElseThrow())
                .containsExactly(1, -2);
        var far = graph.initializer("far").orElseThrow();
        assertThat(far.numbers(1 << 20)).isEmpty();
        var external = far.external().orElseThrow();
        assertThat(external.location()).isEqualTo("w.data");
        assertThat(external.offset()).isEqualTo(4096);
        assertThat(external.bytes()).hasValue(4194304);
    }

    /** Bits by hand: IEEE 754's binary16 and its upper half of binary32, two's complement. */
    @Test
    void numbersOfEveryType() {
        assertThat(numbers(10, 2, (byte) 0x00, (byte) 0x3C, (byte) 0x01, (byte) 0x80))
                .containsExactly(1, -0x1p-24);
        assertThat(numbers(10, 2, (byte) 0x00, (byte) 0x7C, (byte) 0xFF, (byte) 0x7B))
                .containsExactly(Double.POSITIVE_INFINITY, 65504);
        assertThat(numbers(16, 1, (byte) 0x80, (byte) 0xBF)).containsExactly(-1);
        assertThat(numbers(2, 1, (byte) 0xFF)).containsExactly(255);
        assertThat(numbers(3, 1, (byte) 0xFF)).containsExactly(-1);
        assertThat(numbers(4, 1, (byte) 0xFF, (byte) 0xFF)).containsExactly(65535);
        assertThat(numbers(12, 1, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF))
                .containsExactly(4294967295.0);
        var list = new Proto().whole(1, 3).whole(2, 3).text(8, "t").whole(5, -1).packed(5, 7, 8);
        assertThat(tensor(list).numbers(3).orElseThrow()).containsExactly(-1, 7, 8);
        var wide = new Proto().whole(1, 1).whole(2, 13).text(8, "t").packed(11, -1);
        assertThat(tensor(wide).numbers(1).orElseThrow()).containsExactly(0x1p64);
        assertThat(tensor(new Proto().whole(1, 2).whole(2, 1).bytes(9, new byte[4]))
                        .numbers(2))
                .isEmpty();
    }

    private static OnnxTensor tensor(Proto tensor) {
        return OnnxFile.read(Proto.file(new Proto().message(5, tensor)), "t")
                .graph()
                .initializers()
                .get(0);
    }

    private static double[] numbers(int element, int count, byte... raw) {
        return tensor(new Proto().whole(1, count).whole(2, element).bytes(9, raw))
                .numbers(count)
                .orElseThrow();
    }

    @Test
    void partsOfAGraphAreOneGraphAsProtobufHasIt() {
        var file = new Proto()
                .message(7, new Proto().text(2, "a").message(1, new Proto().text(4, "Relu")))
                .message(7, new Proto().text(2, "b").message(1, new Proto().text(4, "Abs")))
                .done();
        var graph = OnnxFile.read(file, "parts").graph();
        assertThat(graph.name()).isEqualTo("b");
        assertThat(graph.nodes()).extracting(OnnxNode::op).containsExactly("Relu", "Abs");
    }

    @Test
    void whatIsNotKnownIsSkipped() {
        // a group, fields of 4 and 8 bytes, and a name written as a number
        var file = new Proto()
                .varint(40 << 3 | 3)
                .whole(1, 5)
                .varint(41 << 3 | 3)
                .varint(41 << 3 | 4)
                .varint(40 << 3 | 4)
                .real(50, 1)
                .varint(51 << 3 | 1)
                .raw(new byte[8])
                .whole(2, 3)
                .whole(1, 8)
                .done();
        assertThat(OnnxFile.read(file, "odd").irVersion()).isEqualTo(8);
    }

    /** Each prefix of a file is either cut between two fields, so that it is one of less, or refused by name. */
    @Test
    void aFileThatIsCutOffIsRefused() {
        int refused = 0;
        for (int length = 0; length < SAMPLE.length; length++) {
            try {
                OnnxFile.read(Arrays.copyOf(SAMPLE, length), "cut.onnx");
            } catch (SpecException e) {
                assertThat(e).hasMessageStartingWith("cut.onnx: ");
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(SAMPLE.length * 9 / 10);
    }

    @Test
    void noDamageEndsInAnythingButARefusal() {
        var random = new SplittableRandom(7);
        for (int i = 0; i < 20_000; i++) {
            var damaged = SAMPLE.clone();
            for (int hits = random.nextInt(1, 5); hits > 0; hits--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            try {
                var file = OnnxFile.read(damaged, "damaged");
                file.graph().initializers().forEach(tensor -> tensor.numbers(1000));
            } catch (SpecException e) {
                assertThat(e).as("seed 7, file %s", i).hasMessageStartingWith("damaged: ");
            }
        }
    }

    @Test
    void aLengthBeyondTheEndIsNamedWithItsPlace() {
        // node 1 says that its name has 2³¹−1 bytes
        var node = new Proto().varint(3 << 3 | 2).varint(Integer.MAX_VALUE);
        var graph = new Proto().message(1, new Proto().text(4, "Relu")).message(1, node);
        assertThatThrownBy(() -> OnnxFile.read(Proto.file(graph), "long.onnx"))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith("long.onnx: graph.node[1] says that 2147483647 bytes follow, and has 0");
        assertThatThrownBy(() ->
                        OnnxFile.read(new Proto().varint(7 << 3 | 2).varint(-1).done(), "long.onnx"))
                .hasMessageContaining("18446744073709551615 bytes follow");
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 30})
    void bodiesInsideOneAnotherAreRead(int depth) {
        var graph = OnnxFile.read(nested(depth), "nested").graph();
        for (int i = 0; i < depth; i++) {
            graph = graph.nodes().get(0).bodies().findFirst().orElseThrow();
        }
        assertThat(graph.nodes()).isEmpty();
    }

    @Test
    void tooManyMessagesInsideOneAnotherAreRefused() {
        assertThatThrownBy(() -> OnnxFile.read(nested(3_000), "deep.onnx"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("at most 100 messages inside one another");
        var groups = new Proto();
        for (int i = 0; i < 100_000; i++) {
            groups.varint(40 << 3 | 3);
        }
        assertThatThrownBy(() -> OnnxFile.read(groups.done(), "groups.onnx"))
                .hasMessageContaining("at most 100 messages inside one another");
        var types = new Proto();
        for (int i = 0; i < 300; i++) {
            types = new Proto().message(9, new Proto().message(1, types));
        }
        var graph = new Proto().message(12, value("y", types));
        assertThatThrownBy(() -> OnnxFile.read(Proto.file(graph), "types.onnx"))
                .hasMessageContaining("at most 100 messages inside one another");
    }

    private static byte[] nested(int depth) {
        var graph = new Proto();
        for (int i = 0; i < depth; i++) {
            var attribute = new Proto().text(1, "body").message(6, graph).whole(20, 5);
            graph = new Proto().message(1, new Proto().message(5, attribute));
        }
        return Proto.file(graph);
    }

    /** Two bytes of a file become a node of some hundred: the heap would go first. */
    @Test
    void moreItemsThanTheHeapHoldsAreRefused() {
        var nodes = new byte[40 << 20];
        for (int i = 0; i < nodes.length; i += 2) {
            nodes[i] = 1 << 3 | 2;
        }
        assertThatThrownBy(() -> OnnxFile.read(Proto.file(new Proto().raw(nodes)), "many.onnx"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("has too many items");
    }

    @Test
    void numbersOfTooManyBytesAreRefused() {
        var overlong = new Proto().varint(1 << 3);
        for (int i = 0; i < 11; i++) {
            overlong.raw((byte) 0x80);
        }
        assertThatThrownBy(() -> OnnxFile.read(overlong.raw((byte) 1).done(), "overlong"))
                .hasMessageContaining("a number of more than 10 bytes");
        // 10 bytes whose last one says more than a bit: protobuf drops what is beyond
        var tolerated = new Proto()
                .varint(1 << 3)
                .raw(
                        (byte) 0x88,
                        (byte) 0x80,
                        (byte) 0x80,
                        (byte) 0x80,
                        (byte) 0x80,
                        (byte) 0x80,
                        (byte) 0x80,
                        (byte) 0x80,
                        (byte) 0x80,
                        (byte) 0x02);
        assertThat(OnnxFile.read(tolerated.done(), "tolerated").irVersion()).isEqualTo(8);
    }

    @Test
    void externalDataOfNonsenseIsRefused() {
        var tensor = new Proto()
                .text(8, "w")
                .message(13, new Proto().text(1, "offset").text(2, "-4"))
                .whole(14, 1);
        assertThatThrownBy(() -> OnnxFile.read(Proto.file(new Proto().message(5, tensor)), "m.onnx"))
                .hasMessageStartingWith(
                        "m.onnx: graph.initializer[0] (\"w\") must have a whole number from 0 on as the offset");
    }
}
