package smalti.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import smalti.spec.Halves;

/**
 * One row of a request, to be run beside others; equal to rows of the same numbers.
 *
 * @param parts of the row, each of one row, in the order of the inputs
 */
record TrialRow(List<HostTensor> parts) {
    /** Copies of the rows of a request that differ, the first of them so many at most. */
    static List<TrialRow> of(List<HostTensor> inputs, int most) {
        var rows = new ArrayList<TrialRow>();
        int count = inputs.get(0).rows();
        // more are not looked at: each is compared with all before it
        for (int row = 0; row < Math.min(count, 4 * most) && rows.size() < most; row++) {
            int at = row;
            var found = new TrialRow(
                    inputs.stream().map(input -> copied(input.rows(at, 1))).toList());
            if (!rows.contains(found)) {
                rows.add(found);
            }
        }
        return rows;
    }

    private static HostTensor copied(HostTensor row) {
        var into = ByteBuffer.allocate(row.bytes()).order(ByteOrder.nativeOrder());
        row.putInto(into);
        return row.withRows(1, into.flip());
    }

    /**
     * Another row of the same kind of numbers: each input's elements in another order, so that indices, codes and masks
     * stay within their range, and floats drawn towards 0.
     */
    TrialRow varied(SplittableRandom random) {
        return new TrialRow(parts.stream().map(part -> varied(part, random)).toList());
    }

    private static HostTensor varied(HostTensor part, SplittableRandom random) {
        var type = part.spec().type();
        int size = type.bytes();
        var from = part.data();
        int count = from.remaining() / size;
        var into = ByteBuffer.allocate(from.remaining()).order(ByteOrder.nativeOrder());
        var order = new int[count];
        for (int i = 0; i < count; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        for (int i = 0; i < count; i++) {
            into.put(i * size, from, order[i] * size, size);
        }
        double scale = 0.5 + random.nextDouble() / 2;
        boolean isConstant = into.equals(from);
        for (int i = 0; i < count; i++) {
            double added = isConstant ? random.nextDouble() : 0;
            switch (type) {
                case FLOAT32 -> into.putFloat(i * size, (float) (into.getFloat(i * size) * scale + added));
                case FLOAT64 -> into.putDouble(i * size, into.getDouble(i * size) * scale + added);
                case FLOAT16 ->
                    into.putShort(i * size, Halves.half((float)
                            (Halves.ofHalf(into.getShort(i * size)) * scale + added)));
                case BFLOAT16 ->
                    into.putShort(i * size, Halves.brain((float)
                            (Halves.ofBrain(into.getShort(i * size)) * scale + added)));
                // of equal bytes, as of a grey picture, any are a picture; of others no range is known
                case UINT8 -> {
                    if (isConstant) {
                        into.put(i, (byte) random.nextInt(256));
                    }
                }
                default -> {}
            }
        }
        return part.withRows(1, into);
    }

    /** Every element as a number; those beyond 2^53 are rounded. */
    static double[] numbers(HostTensor tensor) {
        var data = tensor.data();
        var spec = tensor.spec();
        var all = new Tensor(spec.type(), LongStream.of(tensor.shape()).boxed().toList(), data);
        return switch (spec.type()) {
            case FLOAT32, FLOAT64, FLOAT16, BFLOAT16 -> all.doubles();
            case UINT64 -> LongStream.of(all.unsignedLongs()).asDoubleStream().toArray();
            case BOOL -> {
                var flags = all.booleans();
                var values = new double[flags.length];
                for (int i = 0; i < values.length; i++) {
                    values[i] = flags[i] ? 1 : 0;
                }
                yield values;
            }
            default -> LongStream.of(all.longs()).asDoubleStream().toArray();
        };
    }

    @Override
    public boolean equals(@Nullable Object other) {
        if (!(other instanceof TrialRow that) || that.parts.size() != parts.size()) {
            return false;
        }
        for (int place = 0; place < parts.size(); place++) {
            if (!parts.get(place).data().equals(that.parts.get(place).data())) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(
                parts.stream().mapToInt(part -> part.data().hashCode()).toArray());
    }
}
