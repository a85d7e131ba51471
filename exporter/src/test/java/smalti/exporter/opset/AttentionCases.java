package smalti.exporter.opset;

import static smalti.exporter.opset.AttentionReference.size;
import static smalti.exporter.opset.Numbers.list;
import static smalti.exporter.opset.Numbers.some;

import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Attention, and what is done to its caches and positions. */
final class AttentionCases {
    private static final Tensor Q = some(1, 2, 4, 3, 6);
    private static final Tensor K = some(2, 2, 4, 5, 6);
    private static final Tensor V = some(3, 2, 4, 5, 2);
    private static final Tensor K2 = some(4, 2, 2, 5, 6);
    private static final Tensor V2 = some(5, 2, 2, 5, 2);

    private AttentionCases() {}

    static List<OpsetCase> all() {
        var mask = some(6, 2, 4, 3, 5);
        // the second row sees nothing
        var looks = Tensor.of(new long[] {1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1}, 3, 5)
                .cast(ValueType.BOOL);
        var past = some(7, 2, 4, 2, 6);
        var pastValues = some(8, 2, 4, 2, 2);
        var wide = some(9, 2, 1, 3, 7);
        var heads = reference(Q, K, V, 4, 4).made();
        var capped = reference(Q, K, V, 4, 4).mask(mask).cap(0.5).made();
        var masked = reference(Q, K, V, 4, 4).mask(looks).causal().made();
        var cached = reference(Q, K, V, 4, 4)
                .past(past, pastValues)
                .mask(wide)
                .causal()
                .made();
        return List.of(
                attention("several heads", 23, Q, K, V).out(heads.y()),
                OpsetCase.of("Attention of any number of heads", 23, "Attention")
                        .to(13, 17, 22)
                        .free(Q)
                        .free(K2)
                        .free(V2)
                        .with("scale", 0.3f)
                        .out(reference(Q, K2, V2, 4, 2).scale(0.3f).made().y()),
                attention("two heads of queries to one of keys", 23, Q, K2, V2)
                        .out(reference(Q, K2, V2, 4, 2).made().y()),
                attention("one head of keys for all, flat", 23, some(1, 2, 3, 24), some(2, 2, 5, 6), some(3, 2, 5, 2))
                        .with("q_num_heads", 4)
                        .with("kv_num_heads", 1)
                        .out(reference(some(1, 2, 3, 24), some(2, 2, 5, 6), some(3, 2, 5, 2), 4, 1)
                                .made()
                                .y()),
                attention("a scale", 23, Q, K, V)
                        .with("scale", 0.7f)
                        .out(reference(Q, K, V, 4, 4).scale(0.7f).made().y()),
                attention("numbers that are added, under a cap, shown with them", 23, Q, K, V, mask)
                        .with("softcap", 0.5f)
                        .with("qk_matmul_output_mode", 2)
                        .out(capped.y())
                        .noOut()
                        .noOut()
                        .out(capped.biased()),
                attention("the cap alone shown", 23, Q, K, V, mask)
                        .with("softcap", 0.5f)
                        .with("qk_matmul_output_mode", 1)
                        .out(capped.y())
                        .noOut()
                        .noOut()
                        .out(capped.capped()),
                attention("the products shown", 23, Q, K, V, mask)
                        .with("softcap", 0.5f)
                        .out(capped.y())
                        .noOut()
                        .noOut()
                        .out(capped.raw()),
                attention("a row that sees nothing, shares shown", 23, Q, K, V, looks)
                        .with("is_causal", 1)
                        .with("qk_matmul_output_mode", 3)
                        .out(masked.y())
                        .noOut()
                        .noOut()
                        .out(masked.shares()),
                // −∞ where nobody may look; ONNX Runtime's own Attention shows the least float32 there
                attention("a row that sees nothing, weights shown", 23, Q, K, V, looks)
                        .with("is_causal", 1)
                        .with("qk_matmul_output_mode", 2)
                        .unrun()
                        .out(masked.y())
                        .noOut()
                        .noOut()
                        .out(masked.biased()),
                attention("what came before", 23, Q, K, V, wide, past, pastValues)
                        .with("is_causal", 1)
                        .out(cached.y())
                        .out(together(past, K))
                        .out(together(pastValues, V)),
                attention("a mask shorter than the keys", 24, Q, K, V, some(6, 3, 3), null, null, list(3, 2))
                        .unrun() // ONNX Runtime asks for a mask of full length
                        .out(reference(Q, K, V, 4, 4)
                                .mask(some(6, 3, 3))
                                .filled(3, 2)
                                .made()
                                .y()),
                attention("a mask shorter than the keys of a cache", 24, Q, K, V, some(6, 3, 4), past, pastValues)
                        .unrun() // as above
                        .out(reference(Q, K, V, 4, 4)
                                .past(past, pastValues)
                                .mask(some(6, 3, 4))
                                .made()
                                .y()),
                attention("places of a cache that are filled", 24, Q, K, V, null, null, null, list(4, 5))
                        .with("is_causal", 1)
                        .out(reference(Q, K, V, 4, 4)
                                .filled(4, 5)
                                .causal()
                                .made()
                                .y()),
                attention("a window", 25, Q, K, V)
                        .with("left_window_size", 1)
                        .with("right_window_size", 1)
                        .unrun() // ONNX Runtime has no Attention of opset 25
                        .out(reference(Q, K, V, 4, 4).window(1, 1).made().y()),
                attention("a window to the left, causal, after a cache", 25, Q, K, V, null, past, pastValues)
                        .with("left_window_size", 2)
                        .with("is_causal", 1)
                        .unrun() // ONNX Runtime has no Attention of opset 25
                        .out(reference(Q, K, V, 4, 4)
                                .past(past, pastValues)
                                .window(2, -1)
                                .causal()
                                .made()
                                .y()),
                attention("shares in float64", 23, Q, K, V)
                        .with("softmax_precision", 11)
                        .out(heads.y()),
                rotary("halves", some(1, 2, 3, 4, 6), false, 6, 3),
                rotary("pairs, in part", some(1, 2, 3, 4, 6), true, 4, 3),
                rotary("flat", some(1, 2, 4, 18), false, 6, 3),
                scatter("straight", false),
                scatter("round", true));
    }

    private static AttentionReference reference(Tensor q, Tensor k, Tensor v, int queryHeads, int keyHeads) {
        return new AttentionReference(q, k, v, queryHeads, keyHeads);
    }

    private static OpsetCase attention(String name, int source, @Nullable Tensor... inputs) {
        var attention =
                OpsetCase.of("Attention of " + name, source, "Attention").to(13, 17, 22);
        for (var input : inputs) {
            if (input == null) {
                attention.none();
            } else {
                attention.in(input);
            }
        }
        return attention;
    }

    private static double[] together(Tensor past, Tensor now) {
        int rows = size(now, 0) * size(now, 1);
        int before = past.count() / rows;
        int behind = now.count() / rows;
        var numbers = new double[past.count() + now.count()];
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < before + behind; i++) {
                numbers[row * (before + behind) + i] =
                        i < before ? past.number(row * before + i) : now.number(row * behind + i - before);
            }
        }
        return numbers;
    }

    /** Each pair turned by its angle: (a, b) to (a·cos − b·sin, a·sin + b·cos). */
    private static OpsetCase rotary(String name, Tensor x, boolean pairs, int turned, int heads) {
        boolean flat = x.rank() == 3;
        int batch = size(x, 0);
        int length = flat ? size(x, 1) : size(x, 2);
        int width = flat ? size(x, 2) / heads : size(x, 3);
        var cosine = some(11, 8, turned / 2);
        var sine = some(12, 8, turned / 2);
        var positions = Tensor.of(new long[] {0, 3, 2, 7, 1, 1, 5, 6}, 2, 4);
        var numbers = Numbers.of(x);
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < heads; h++) {
                for (int t = 0; t < length; t++) {
                    int row = flat ? ((b * length + t) * heads + h) * width : ((b * heads + h) * length + t) * width;
                    int position = (int) positions.number(b * length + t);
                    int angle = position * turned / 2;
                    for (int i = 0; i < turned / 2; i++) {
                        int one = row + (pairs ? 2 * i : i);
                        int two = row + (pairs ? 2 * i + 1 : i + turned / 2);
                        double cos = cosine.number(angle + i);
                        double sin = sine.number(angle + i);
                        numbers[one] = x.number(one) * cos - x.number(two) * sin;
                        numbers[two] = x.number(one) * sin + x.number(two) * cos;
                    }
                }
            }
        }
        var rotary = OpsetCase.of("RotaryEmbedding of " + name, 23, "RotaryEmbedding")
                .to(13, 17, 22)
                .in(x)
                .in(cosine)
                .in(sine)
                .in(positions)
                .with("interleaved", pairs ? 1 : 0)
                .out(numbers);
        if (turned != width) {
            rotary.with("rotary_embedding_dim", turned);
        }
        return flat ? rotary.with("num_heads", heads) : rotary;
    }

    private static OpsetCase scatter(String name, boolean isRound) {
        var cache = some(1, 2, 2, 4, 3);
        var update = some(2, 2, 2, 2, 3);
        var begins = new long[] {1, isRound ? 3 : 2};
        var numbers = Numbers.of(cache);
        for (int b = 0; b < 2; b++) {
            for (int h = 0; h < 2; h++) {
                for (int t = 0; t < 2; t++) {
                    for (int d = 0; d < 3; d++) {
                        int place = (int) (begins[b] + t) % 4;
                        numbers[((b * 2 + h) * 4 + place) * 3 + d] = update.number(((b * 2 + h) * 2 + t) * 3 + d);
                    }
                }
            }
        }
        return OpsetCase.of("TensorScatter, " + name, 24, "TensorScatter")
                .to(13, 17, 23)
                .in(cache)
                .in(update)
                .in(list(begins))
                .with("mode", isRound ? "circular" : "linear")
                .out(numbers);
    }
}
