package smalti.trainer.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Normalises each channel of [B,C,H,W] by the batch's own statistics, scales and shifts it, and ends with a leaky relu.
 *
 * <p>Source: Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1; the gradient: the end of its section 3.
 *
 * <pre>
 *   x̂ = (x − μ)/√(σ² + ε)     y = leaky(γx̂ + β)
 *   dz = dy·leaky′             dβ = Σdz     dγ = Σdz·x̂     dx = γ/√(σ² + ε)·(dz − dβ/n − x̂·dγ/n)
 * </pre>
 *
 * <p>Inputs: x, γ [1,C,1,1], β [1,C,1,1]. Outputs: y, μ [1,C,1,1], σ² [1,C,1,1] (biased).
 */
final class BatchNormalization extends KernelOp {
    /** Pictures are split in as many parts, each with sums of its own. */
    private static final int PARTS = 16;

    private final float slope;

    /** @param slope of the leaky relu; 1 for none */
    BatchNormalization(SameDiff graph, SDVariable x, SDVariable gamma, SDVariable beta, double slope) {
        super(3, graph, x, gamma, beta);
        this.slope = (float) slope;
    }

    @Override
    public String opName() {
        return "kernel_batch_norm";
    }

    @Override
    List<long[]> shapes(List<long[]> inputs) {
        return List.of(inputs.get(0), inputs.get(1), inputs.get(1));
    }

    @Override
    Runnable kernel(List<INDArray> inputs, List<INDArray> outputs) {
        var size = new Size(inputs.get(0));
        var x = new DenseFloats(inputs.get(0));
        var gamma = new DenseFloats(inputs.get(1));
        var beta = new DenseFloats(inputs.get(2));
        var y = new DenseFloats(outputs.get(0));
        var mean = new DenseFloats(outputs.get(1));
        var variance = new DenseFloats(outputs.get(2));
        return () -> {
            var pivot = size.firstOfEachChannel(x);
            var sums = size.sums((picture, scratch, sum, square) -> {
                var values = size.read(x, picture, scratch, 0);
                for (int c = 0; c < size.channels; c++) {
                    addSums(values, c * size.plane, size.plane, pivot[c], c, sum, square);
                }
            });
            var means = new float[size.channels];
            var variances = new float[size.channels];
            for (int c = 0; c < size.channels; c++) {
                double shift = sums.first[c] / size.count();
                means[c] = (float) (pivot[c] + shift);
                variances[c] = (float) Math.max(0, sums.second[c] / size.count() - shift * shift);
            }
            mean.write(0, means, size.channels);
            variance.write(0, variances, size.channels);
            var scale = scales(gamma.read(), variances);
            var shift = beta.read();
            size.eachPicture((picture, scratch) -> {
                var values = size.read(x, picture, scratch, 0);
                for (int c = 0; c < size.channels; c++) {
                    affine(values, c * size.plane, size.plane, means[c], scale[c], shift[c]);
                }
                if (slope < 1) {
                    LeakyRelu.forward(values, size.picture(), slope);
                }
                y.write(picture * size.picture(), values, size.picture());
            });
        };
    }

    /** Σ(x − pivot) and Σ(x − pivot)²; the pivot, a value of the channel, keeps their difference from cancelling. */
    private static void addSums(
            float[] x, int from, int length, float pivot, int channel, double[] sum, double[] square) {
        // four sums each: one alone would wait for itself
        float sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
        float square0 = 0, square1 = 0, square2 = 0, square3 = 0;
        int end = from + length;
        int i = from;
        for (; i <= end - 4; i += 4) {
            float a = x[i] - pivot, b = x[i + 1] - pivot, c = x[i + 2] - pivot, d = x[i + 3] - pivot;
            sum0 += a;
            sum1 += b;
            sum2 += c;
            sum3 += d;
            square0 += a * a;
            square1 += b * b;
            square2 += c * c;
            square3 += d * d;
        }
        for (; i < end; i++) {
            float a = x[i] - pivot;
            sum0 += a;
            square0 += a * a;
        }
        sum[channel] += (double) (sum0 + sum1) + (sum2 + sum3);
        square[channel] += (double) (square0 + square1) + (square2 + square3);
    }

    private static void affine(float[] x, int from, int length, float mean, float scale, float shift) {
        int end = from + length;
        for (int i = from; i < end; i++) {
            x[i] = (x[i] - mean) * scale + shift;
        }
    }

    /** γ/√(σ² + ε). */
    private static float[] scales(float[] gamma, float[] variance) {
        var scale = new float[gamma.length];
        for (int c = 0; c < gamma.length; c++) {
            scale[c] = (float) (gamma[c] / Math.sqrt(variance[c] + GraphBuilder.BATCH_NORM_EPSILON));
        }
        return scale;
    }

    @Override
    List<@Nullable SDVariable> gradients(List<@Nullable SDVariable> upstream) {
        if (upstream.get(1) != null || upstream.get(2) != null) {
            throw new IllegalStateException("the statistics of " + getOwnName() + " must not enter a loss");
        }
        var outputs = outputVariables();
        return new ArrayList<>(List.of(new Gradient(
                        getSameDiff(),
                        new SDVariable[] {
                            arg(0), arg(1), outputs[0], outputs[1], outputs[2], Objects.requireNonNull(upstream.get(0))
                        },
                        slope)
                .outputVariables()));
    }

    /** Of x, γ, y, μ, σ² and the gradient of y: those of x, γ and β. */
    private static final class Gradient extends KernelOp {
        private final float slope;

        Gradient(SameDiff graph, SDVariable[] inputs, float slope) {
            super(3, graph, inputs);
            this.slope = slope;
        }

        @Override
        public String opName() {
            return "kernel_batch_norm_bp";
        }

        @Override
        List<long[]> shapes(List<long[]> inputs) {
            return List.of(inputs.get(0), inputs.get(1), inputs.get(1));
        }

        @Override
        Runnable kernel(List<INDArray> inputs, List<INDArray> outputs) {
            var size = new Size(inputs.get(0));
            var x = new DenseFloats(inputs.get(0));
            var gamma = new DenseFloats(inputs.get(1));
            var y = new DenseFloats(inputs.get(2));
            var mean = new DenseFloats(inputs.get(3));
            var variance = new DenseFloats(inputs.get(4));
            var upstream = new DenseFloats(inputs.get(5));
            var gradient = new DenseFloats(outputs.get(0));
            var gammaGradient = new DenseFloats(outputs.get(1));
            var betaGradient = new DenseFloats(outputs.get(2));
            return () -> {
                var means = mean.read();
                var sums = size.sums((picture, scratch, sum, product) -> {
                    var values = size.read(x, picture, scratch, 0);
                    var dz = size.read(upstream, picture, scratch, 1);
                    if (slope < 1) {
                        LeakyRelu.backward(dz, size.read(y, picture, scratch, 2), size.picture(), slope);
                    }
                    gradient.write(picture * size.picture(), dz, size.picture());
                    for (int c = 0; c < size.channels; c++) {
                        addProducts(values, dz, c * size.plane, size.plane, means[c], c, sum, product);
                    }
                });
                var variances = variance.read();
                var scale = scales(gamma.read(), variances);
                var dGamma = new float[size.channels];
                var dBeta = new float[size.channels];
                var perX = new float[size.channels];
                var constant = new float[size.channels];
                for (int c = 0; c < size.channels; c++) {
                    double inverse = 1 / Math.sqrt(variances[c] + GraphBuilder.BATCH_NORM_EPSILON);
                    dBeta[c] = (float) sums.first[c];
                    dGamma[c] = (float) (sums.second[c] * inverse);
                    perX[c] = (float) (-scale[c] * sums.second[c] * inverse * inverse / size.count());
                    constant[c] = (float) (-scale[c] * sums.first[c] / size.count());
                }
                gammaGradient.write(0, dGamma, size.channels);
                betaGradient.write(0, dBeta, size.channels);
                size.eachPicture((picture, scratch) -> {
                    var values = size.read(x, picture, scratch, 0);
                    var dz = size.read(gradient, picture, scratch, 1);
                    for (int c = 0; c < size.channels; c++) {
                        combine(dz, values, c * size.plane, size.plane, means[c], scale[c], perX[c], constant[c]);
                    }
                    gradient.write(picture * size.picture(), dz, size.picture());
                });
            };
        }

        /** Σdz and Σdz·(x − μ). */
        private static void addProducts(
                float[] x, float[] dz, int from, int length, float mean, int channel, double[] sum, double[] product) {
            float sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
            float product0 = 0, product1 = 0, product2 = 0, product3 = 0;
            int end = from + length;
            int i = from;
            for (; i <= end - 4; i += 4) {
                sum0 += dz[i];
                sum1 += dz[i + 1];
                sum2 += dz[i + 2];
                sum3 += dz[i + 3];
                product0 += dz[i] * (x[i] - mean);
                product1 += dz[i + 1] * (x[i + 1] - mean);
                product2 += dz[i + 2] * (x[i + 2] - mean);
                product3 += dz[i + 3] * (x[i + 3] - mean);
            }
            for (; i < end; i++) {
                sum0 += dz[i];
                product0 += dz[i] * (x[i] - mean);
            }
            sum[channel] += (double) (sum0 + sum1) + (sum2 + sum3);
            product[channel] += (double) (product0 + product1) + (product2 + product3);
        }

        private static void combine(
                float[] dz, float[] x, int from, int length, float mean, float scale, float perX, float constant) {
            int end = from + length;
            for (int i = from; i < end; i++) {
                dz[i] = dz[i] * scale + (x[i] - mean) * perX + constant;
            }
        }
    }

    /** Two sums a channel. */
    private record Sums(double[] first, double[] second) {}

    /** The sizes of [pictures, channels, plane], and loops over its pictures. */
    private static final class Size {
        private final int pictures;
        private final int channels;
        private final int plane;

        Size(INDArray x) {
            pictures = Math.toIntExact(x.size(0));
            channels = Math.toIntExact(x.size(1));
            plane = Math.toIntExact(x.length() / x.size(0) / x.size(1));
        }

        /** Values of a picture. */
        int picture() {
            return channels * plane;
        }

        /** Values of a channel. */
        double count() {
            return (double) pictures * plane;
        }

        float[] firstOfEachChannel(DenseFloats x) {
            var picture = read(x, 0, Scratch.ofThread(), 0);
            var first = new float[channels];
            for (int c = 0; c < channels; c++) {
                first[c] = picture[c * plane];
            }
            return first;
        }

        float[] read(DenseFloats from, int picture, Scratch scratch, int slot) {
            return from.read(picture * picture(), scratch.floats(slot, picture()), picture());
        }

        interface Adder {
            void add(int picture, Scratch scratch, double[] first, double[] second);
        }

        interface Work {
            void on(int picture, Scratch scratch);
        }

        /** Over all pictures, in an order that does not depend on the number of threads. */
        Sums sums(Adder adder) {
            int parts = Math.min(PARTS, pictures);
            var partial = new Sums[parts];
            IntStream.range(0, parts).parallel().forEach(part -> {
                var sums = new Sums(new double[channels], new double[channels]);
                int end = (int) ((long) (part + 1) * pictures / parts);
                for (int picture = (int) ((long) part * pictures / parts); picture < end; picture++) {
                    adder.add(picture, Scratch.ofThread(), sums.first, sums.second);
                }
                partial[part] = sums;
            });
            var total = new Sums(new double[channels], new double[channels]);
            for (var sums : partial) {
                for (int c = 0; c < channels; c++) {
                    total.first[c] += sums.first[c];
                    total.second[c] += sums.second[c];
                }
            }
            return total;
        }

        void eachPicture(Work work) {
            IntStream.range(0, pictures).parallel().forEach(picture -> work.on(picture, Scratch.ofThread()));
        }
    }
}
