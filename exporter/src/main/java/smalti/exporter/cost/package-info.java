/**
 * What a model costs to run once: parameters, floating-point operations and memory, node by node, before anything runs.
 *
 * <pre>
 *   Model ──▶ FreeAxes (sizes given or assumed) ──▶ Shapes ──▶ GraphMeter ──▶ ModelCost
 *                                                                 └ FlopRules: one rule for each operator
 * </pre>
 *
 * <p><b>Operations.</b> A multiply-add counts as 2, on whole numbers as on floats. Each case is one of three kinds, see {@link
 * smalti.exporter.cost.Flops}:
 *
 * <ul>
 *   <li><i>counted</i>, exactly by these formulas. Conv, ConvTranspose, ConvInteger, Gemm, MatMul, MatMulInteger: 2 for each
 *       product that the plain loop forms, taps on padding included, 1 for each bias that is added. QLinearConv and
 *       QLinearMatMul: the same, and 3 for each output to quantize it. QuantizeLinear 3 and DequantizeLinear 2 (each 1 less
 *       without a zero point), DynamicQuantizeLinear 5 for each element. Elementwise operators, whatever their function: 1
 *       for each element of the output and each step of more than two inputs; Mean 1 more. Pooling and reductions: the
 *       additions or comparisons of the plain loop, and what is done to each element before and to each sum after.
 *       Normalizations for each element: BatchNormalization 2, InstanceNormalization, GroupNormalization and
 *       LayerNormalization 7 (6 without a bias), MeanVarianceNormalization 5, LpNormalization 3, RMSNormalization 4, LRN size + 4; RotaryEmbedding 3;
 *       Attention: both matrix products and 6 for each weight; Softmax and LogSoftmax 5,
 *       Hardmax 1. Resize and Upsample: 2 for each tap of each output over the axes that change, 2 taps an axis for linear and 4 for
 *       cubic. LSTM, GRU and RNN: the matrix products, biases, peepholes and 9, 8 and 1 elementwise steps for each
 *       hidden unit, over the whole length. Scan and Loop: the body times its turns; If: the dearer branch.
 *   <li><i>nothing to count</i>: operators that move, rename, select by place or convert elements, such as Reshape, Transpose, Concat, Gather,
 *       Pad, Cast, nearest Resize, Shape.
 *   <li><i>unknown</i>, with the reason: a size that depends on data, a loop whose turns are known only at run time, an operator without a rule.
 * </ul>
 *
 * <p><b>Memory.</b> Weights are the bytes of all constants. Activations are the values that nodes make and the model's
 * inputs: inputs and outputs of the model live throughout their run, each value inside from the node that makes it to the last
 * that takes it, in the order of the file. No value shares another's memory, so a runtime that computes in place needs less; what a kernel
 * needs for itself is not counted.
 *
 * <p>Start reading at {@link smalti.exporter.cost.ModelCost}.
 */
@NullMarked
package smalti.exporter.cost;

import org.jspecify.annotations.NullMarked;
