package smalti.exporter.precision;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Says of each layer that stays in float whatever the gate why that is so. */
final class Refusals {
    private static final Set<String> RECURRENT = Set.of("LSTM", "GRU", "RNN");

    /** Layers of float32 among the operators of com.microsoft and its parts. */
    private static final Set<String> FUSED = Set.of(
            "Conv",
            "FusedConv",
            "FusedGemm",
            "FusedMatMul",
            "FusedMatMulActivation",
            "TransposeMatMul",
            "Attention",
            "DecoderAttention",
            "DecoderMaskedSelfAttention",
            "GemmFastGelu",
            "ConvTransposeWithDynamicPads");

    private final Dataflow flow;
    private final Set<String> deciding;
    private final Set<String> layers;
    private final List<Refusal> refusals = new ArrayList<>();

    private Refusals(Graph graph, Set<String> layers) {
        this.flow = new Dataflow(graph);
        this.deciding = Decisions.values(graph);
        this.layers = layers;
    }

    /** @param layers that can be quantized, by their first output */
    static List<Refusal> of(Model prepared, Set<String> layers) {
        var refusals = new Refusals(prepared.graph(), layers);
        prepared.graph().nodes().forEach(refusals::visit);
        return refusals.refusals;
    }

    private void visit(Node node) {
        if (!layers.contains(node.output())) {
            reason(node).ifPresent(reason -> refusals.add(Refusal.of(node, reason)));
        }
        inside(node, "");
    }

    /** Layers in the bodies of a node. */
    private void inside(Node node, String around) {
        node.attributes().forEach((attribute, value) -> {
            if (value instanceof Attribute.Body body) {
                var place = attribute + " of " + node.op() + " " + (node.name().isEmpty() ? node.output() : node.name())
                        + around;
                for (var inner : body.value().nodes()) {
                    if (isLayer(inner)) {
                        refusals.add(
                                Refusal.of(
                                        inner,
                                        "stands inside the " + place
                                                + ": what its numbers are is not seen from outside, and the branch may never run"));
                    }
                    inside(inner, " inside the " + place);
                }
            }
        });
    }

    private static boolean isLayer(Node node) {
        return node.domain().isEmpty()
                && (Set.of("Conv", "ConvTranspose", "Gemm", "MatMul").contains(node.op())
                        || RECURRENT.contains(node.op()));
    }

    private Optional<String> reason(Node node) {
        if (node.domain().startsWith("com.microsoft")) {
            return FUSED.contains(node.op())
                    ? Optional.of(
                            "is one of ONNX Runtime's own operators, which it makes when it writes the file that it"
                                    + " optimized: quantize the file from before")
                    : Optional.empty();
        } else if (!node.domain().isEmpty() && !node.domain().startsWith("ai.onnx")) {
            return Optional.of("is a function of the domain " + node.domain()
                    + " that could not be written out: what layers it has stay in float");
        } else if (!isLayer(node)) {
            return Optional.empty();
        } else if (RECURRENT.contains(node.op())) {
            return Optional.of("is recurrent: ONNX Runtime has no INT8 kernel for it in this form");
        }
        var weights = flow.constant(node.input(1));
        if (weights == null) {
            return Optional.of(notConstant(node));
        } else if (weights.type() != ValueType.FLOAT32) {
            return Optional.of("has weights of " + weights.type().name().toLowerCase(java.util.Locale.ROOT)
                    + ", and only those of float32 become INT8");
        } else if (weights.count() == 0) {
            return Optional.of("has no weights: " + weights.dims());
        } else if (deciding.contains(node.output())) {
            return Optional.of(
                    "makes the numbers that a decision rests on, such as which code is nearest: they stay exact");
        }
        return Optional.of(node.is("ConvTranspose") ? transposed(node, weights) : form(node, weights));
    }

    private String notConstant(Node node) {
        var given = flow.graph().initializers().get(node.input(1));
        if (given instanceof Tensor && flow.isInput(node.input(1))) {
            return "has weights that are an input too (" + node.input(1) + "), so that a caller may change them";
        } else if (flow.constant(node.input(0)) != null && node.is("MatMul")) {
            return "has its constant on the left of a value whose rank is not known";
        }
        return node.is("MatMul") || node.is("Gemm")
                ? "multiplies two values that are both computed"
                : "has computed weights: " + node.input(1);
    }

    private static String transposed(Node node, Tensor weights) {
        var only = "there is no INT8 kernel for it, and as a Conv it can only be written ";
        if (weights.rank() < 3) {
            return only + "over one axis or more, got weights of " + weights.dims();
        } else if (isNarrow(node, weights)) {
            return only + "with paddings of 0 or more: auto_pad makes them less where the kernel is narrower than its"
                    + " stride";
        } else if (!node.input(2).isEmpty() || node.wholes("output_shape").isPresent() || isPadded(node)) {
            return only + "with a constant bias, opset 10 or later, and paddings that no free size decides";
        }
        return only + "in opset 10 or later, with paddings of 0 or more";
    }

    private static boolean isPadded(Node node) {
        return node.text("auto_pad", "NOTSET").startsWith("SAME");
    }

    private static boolean isNarrow(Node node, Tensor weights) {
        var strides = node.wholes("strides").orElse(List.of());
        var dilations = node.wholes("dilations").orElse(List.of());
        for (int axis = 0; isPadded(node) && axis < strides.size(); axis++) {
            long gap = dilations.isEmpty() ? 1 : dilations.get(axis);
            if ((weights.dims().get(2 + axis) - 1) * gap + 1 < strides.get(axis)) {
                return true;
            }
        }
        return false;
    }

    private @Nullable Tensor bias(Node node) {
        return flow.constant(node.input(2));
    }

    private String form(Node node, Tensor weights) {
        if (!node.input(2).isEmpty() && bias(node) == null) {
            return "has a computed bias: " + node.input(2);
        } else if (!node.input(2).isEmpty()) {
            return "has a bias of another form than a number a channel in float32";
        }
        return "has weights of " + weights.dims() + ", for which there is no INT8 kernel";
    }
}
