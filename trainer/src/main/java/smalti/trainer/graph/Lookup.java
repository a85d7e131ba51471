package smalti.trainer.graph;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Rows of a table [k, d] by int64 indices [n] → [n, d]; the gradient of a row is the sum over its uses. */
final class Lookup extends KernelOp {
    Lookup(SameDiff graph, SDVariable table, SDVariable indices) {
        super(1, graph, table, indices);
    }

    @Override
    public String opName() {
        return "kernel_lookup";
    }

    @Override
    List<long[]> shapes(List<long[]> inputs) {
        return List.of(new long[] {inputs.get(1)[0], inputs.get(0)[1]});
    }

    @Override
    Runnable kernel(List<INDArray> inputs, List<INDArray> outputs) {
        int width = Math.toIntExact(inputs.get(0).size(1));
        var table = new DenseFloats(inputs.get(0));
        var indices = inputs.get(1);
        var rows = new DenseFloats(outputs.get(0));
        return () -> {
            var all = table.read();
            var from = HostArrays.longs(indices);
            var into = new float[rows.length()];
            for (int i = 0; i < from.length; i++) {
                System.arraycopy(all, (int) from[i] * width, into, i * width, width);
            }
            rows.write(0, into, into.length);
        };
    }

    @Override
    List<@Nullable SDVariable> gradients(List<@Nullable SDVariable> upstream) {
        var gradient = upstream.get(0);
        var gradients = new ArrayList<@Nullable SDVariable>();
        gradients.add(
                gradient == null ? null : new Gradient(getSameDiff(), arg(0), arg(1), gradient).outputVariables()[0]);
        gradients.add(null);
        return gradients;
    }

    /** Of the table, for its shape, the indices and the gradient of the rows. */
    private static final class Gradient extends KernelOp {
        Gradient(SameDiff graph, SDVariable table, SDVariable indices, SDVariable upstream) {
            super(1, graph, table, indices, upstream);
        }

        @Override
        public String opName() {
            return "kernel_lookup_bp";
        }

        @Override
        List<long[]> shapes(List<long[]> inputs) {
            return List.of(inputs.get(0));
        }

        @Override
        Runnable kernel(List<INDArray> inputs, List<INDArray> outputs) {
            int width = Math.toIntExact(inputs.get(0).size(1));
            var indices = inputs.get(1);
            var upstream = new DenseFloats(inputs.get(2));
            var gradient = new DenseFloats(outputs.get(0));
            return () -> {
                var into = HostArrays.longs(indices);
                var rows = upstream.read();
                var sums = new float[gradient.length()];
                for (int i = 0; i < into.length; i++) {
                    int to = (int) into[i] * width;
                    for (int d = 0; d < width; d++) {
                        sums[to + d] += rows[i * width + d];
                    }
                }
                gradient.write(0, sums, sums.length);
            };
        }
    }
}
