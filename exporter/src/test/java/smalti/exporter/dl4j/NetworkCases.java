package smalti.exporter.dl4j;

import static smalti.exporter.dl4j.NetworkCase.graph;
import static smalti.exporter.dl4j.NetworkCase.layers;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.graph.L2Vertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PoolHelperVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.graph.StackVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.graph.UnstackVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.graph.rnn.ReverseTimeSeriesVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.GravesBidirectionalLSTM;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling1D;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.Upsampling3D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPadding3DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping3D;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.misc.RepeatVector;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.util.MaskLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.ComposableInputPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnn3DPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationGELU;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationThresholdedReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Networks that hold every kind of layer, vertex, preprocessor and activation function that is covered. */
@SuppressWarnings("deprecation") // old networks have the layers of Graves
final class NetworkCases {
    private static final InputType FLAT = InputType.feedForward(6);
    private static final InputType SERIES = InputType.recurrent(3, 5);
    private static final InputType SERIES_LAST = InputType.recurrent(3, 5, RNNFormat.NWC);
    private static final InputType PICTURE = InputType.convolutional(9, 8, 3);
    private static final InputType PICTURE_LAST = InputType.convolutional(9, 8, 3, CNN2DFormat.NHWC);
    private static final InputType VOLUME = InputType.convolutional3D(Convolution3D.DataFormat.NCDHW, 5, 6, 7, 2);
    private static final InputType VOLUME_LAST = InputType.convolutional3D(Convolution3D.DataFormat.NDHWC, 5, 6, 7, 2);

    private NetworkCases() {}

    static Stream<NetworkCase> all() {
        return Stream.of(dense(), activations(), pictures(), series(), volumes(), graphs())
                .flatMap(List::stream);
    }

    private static DenseLayer.Builder fully(int out) {
        return new DenseLayer.Builder().nOut(out).activation(Activation.TANH);
    }

    static OutputLayer classes(int out) {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(out)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static LossLayer nothing() {
        return new LossLayer.Builder(LossFunction.MSE)
                .activation(Activation.IDENTITY)
                .build();
    }

    private static RnnOutputLayer steps() {
        return new RnnOutputLayer.Builder(LossFunction.MCXENT)
                .nOut(4)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static List<NetworkCase> dense() {
        return List.of(
                layers("perceptron", FLAT, fully(5).build(), new DropoutLayer(0.5), classes(4)),
                layers("perceptron in double", DataType.DOUBLE, FLAT, null, fully(5).build(), classes(4)),
                layers(
                        "dropout and layer normalization",
                        FLAT,
                        fully(5).hasLayerNorm(true).dropOut(0.5).build(),
                        fully(5).hasBias(false).build(),
                        classes(4)),
                layers(
                        "loss alone",
                        FLAT,
                        fully(5).build(),
                        new LossLayer.Builder(LossFunction.MCXENT)
                                .activation(Activation.SOFTMAX)
                                .build()),
                layers(
                        "center loss",
                        FLAT,
                        new AutoEncoder.Builder()
                                .nOut(5)
                                .activation(Activation.SIGMOID)
                                .build(),
                        new CenterLossOutputLayer.Builder(LossFunction.MCXENT)
                                .nOut(4)
                                .activation(Activation.SOFTMAX)
                                .build()),
                layers(
                        "element-wise weights",
                        FLAT,
                        new ElementWiseMultiplicationLayer.Builder()
                                .nIn(6)
                                .nOut(6)
                                .activation(Activation.TANH)
                                .build(),
                        new MaskLayer(),
                        new PReLULayer.Builder().inputShape(6).build(),
                        nothing()),
                layers(
                        "frozen",
                        FLAT,
                        new FrozenLayer(fully(5).build()),
                        new FrozenLayerWithBackprop(fully(5).build()),
                        new BatchNormalization.Builder().build(),
                        classes(4)),
                layers(
                        "batch normalization with variances, gamma and beta locked",
                        FLAT,
                        new BatchNormalization.Builder()
                                .useLogStd(false)
                                .eps(1e-3)
                                .build(),
                        new BatchNormalization.Builder().lockGammaBeta(true).build(),
                        nothing()),
                layers(
                        "embedding",
                        InputType.feedForward(4),
                        new EmbeddingLayer.Builder()
                                .nIn(4)
                                .nOut(5)
                                .hasBias(true)
                                .activation(Activation.TANH)
                                .build(),
                        classes(3)),
                layers(
                        "embedded series",
                        InputType.recurrent(4, 5),
                        new EmbeddingSequenceLayer.Builder()
                                .nIn(4)
                                .nOut(5)
                                .inputLength(5)
                                .hasBias(true)
                                .build(),
                        steps()),
                layers("repeated", FLAT, new RepeatVector.Builder<>(3).build(), steps()));
    }

    private static List<NetworkCase> activations() {
        var functions = new ArrayList<IActivation>();
        for (var kind : Activation.values()) {
            functions.add(kind.getActivationFunction());
        }
        functions.add(new ActivationELU(0.7));
        functions.add(new ActivationGELU(true));
        functions.add(new ActivationLReLU(0.3));
        functions.add(new ActivationThresholdedReLU(0.5));
        functions.add(new ActivationReLU(1.5, 0.5, 0.1));
        functions.add(new ActivationReLU(1.5, null, 0.1));
        var cases = new ArrayList<NetworkCase>();
        for (var function : functions) {
            cases.add(layers(
                    "activation " + function + " " + cases.size(), FLAT, new ActivationLayer(function), nothing()));
        }
        return cases;
    }

    private static ConvolutionLayer.Builder convolution(int kernel, int stride, ConvolutionMode mode) {
        return new ConvolutionLayer.Builder(kernel, kernel)
                .stride(stride, stride)
                .convolutionMode(mode)
                .nOut(4)
                .activation(Activation.RELU);
    }

    private static List<NetworkCase> pictures() {
        var cases = new ArrayList<NetworkCase>();
        for (boolean last : new boolean[] {false, true}) {
            var input = last ? PICTURE_LAST : PICTURE;
            var format = last ? CNN2DFormat.NHWC : CNN2DFormat.NCHW;
            var label = last ? " NHWC" : " NCHW";
            var loss = new CnnLossLayer.Builder(LossFunction.MCXENT)
                    .activation(Activation.SOFTMAX)
                    .format(format)
                    .build();
            cases.add(layers(
                    "convolutions" + label,
                    input,
                    convolution(3, 1, ConvolutionMode.Same).dataFormat(format).build(),
                    convolution(3, 2, ConvolutionMode.Same)
                            .dataFormat(format)
                            .hasBias(false)
                            .build(),
                    convolution(3, 1, ConvolutionMode.Truncate)
                            .dataFormat(format)
                            .padding(2, 1)
                            .dilation(2, 1)
                            .build(),
                    new BatchNormalization.Builder().dataFormat(format).build(),
                    loss));
            cases.add(layers(
                    "strict convolution, dense" + label,
                    input,
                    convolution(3, 1, ConvolutionMode.Strict).dataFormat(format).build(),
                    new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX, new int[] {2, 2}, new int[] {2, 2})
                            .dataFormat(format)
                            .build(),
                    fully(5).build(),
                    classes(3)));
            cases.add(layers(
                    "transposed, depthwise and separable" + label,
                    input,
                    new Deconvolution2D.Builder(3, 3)
                            .stride(2, 2)
                            .nOut(4)
                            .dataFormat(format)
                            .build(),
                    new Deconvolution2D.Builder(2, 2)
                            .stride(2, 2)
                            .convolutionMode(ConvolutionMode.Same)
                            .nOut(4)
                            .hasBias(false)
                            .dataFormat(format)
                            .build(),
                    new DepthwiseConvolution2D.Builder(3, 3)
                            .stride(2, 2)
                            .nIn(4)
                            .depthMultiplier(2)
                            .dataFormat(format)
                            .build(),
                    new SeparableConvolution2D.Builder(3, 3)
                            .depthMultiplier(2)
                            .nOut(4)
                            .convolutionMode(ConvolutionMode.Same)
                            .dataFormat(format)
                            .build(),
                    new SeparableConvolution2D.Builder(3, 3)
                            .depthMultiplier(1)
                            .nOut(3)
                            .hasBias(false)
                            .dataFormat(format)
                            .build(),
                    loss));
            for (var type : new PoolingType[] {PoolingType.MAX, PoolingType.AVG, PoolingType.PNORM}) {
                cases.add(layers(
                        "pooling " + type + label,
                        input,
                        new SubsamplingLayer.Builder(
                                        SubsamplingLayer.PoolingType.valueOf(type.name()),
                                        new int[] {3, 2},
                                        new int[] {2, 1})
                                .pnorm(3)
                                .convolutionMode(ConvolutionMode.Same)
                                .dataFormat(format)
                                .build(),
                        new SubsamplingLayer.Builder(
                                        SubsamplingLayer.PoolingType.valueOf(type.name()),
                                        new int[] {2, 2},
                                        new int[] {1, 1},
                                        new int[] {1, 1})
                                .pnorm(2)
                                .dataFormat(format)
                                .build(),
                        loss));
                cases.add(layers(
                        "global pooling " + type + label,
                        input,
                        convolution(3, 1, ConvolutionMode.Same)
                                .dataFormat(format)
                                .build(),
                        new GlobalPoolingLayer.Builder(type).pnorm(3).build(),
                        classes(3)));
            }
            cases.add(layers(
                    "mean that counts the padding" + label,
                    input,
                    new SubsamplingLayer.Builder(
                                    SubsamplingLayer.PoolingType.AVG, new int[] {3, 3}, new int[] {2, 2}, new int[] {
                                        1, 1
                                    })
                            .avgPoolIncludePadInDivisor(true)
                            .dataFormat(format)
                            .build(),
                    loss));
            cases.add(layers(
                    "padded, cropped, enlarged, folded" + label,
                    input,
                    new ZeroPaddingLayer.Builder(1, 0, 2, 3).dataFormat(format).build(),
                    new Cropping2D.Builder(1, 1, 2, 1).dataFormat(format).build(),
                    new Upsampling2D.Builder(2)
                            .size(new int[] {2, 3})
                            .dataFormat(format)
                            .build(),
                    new SpaceToDepthLayer.Builder<>(2, format).build(),
                    loss));
            cases.add(layers(
                    "local response" + label,
                    input,
                    new LocalResponseNormalization.Builder(1.5, 5, 0.4, 0.6)
                            .dataFormat(format)
                            .build(),
                    loss));
        }
        cases.add(layers(
                "parametric, global sum kept as a picture",
                PICTURE,
                new PReLULayer.Builder().inputShape(3, 9, 8).sharedAxes(2, 3).build(),
                new GlobalPoolingLayer.Builder(PoolingType.SUM)
                        .collapseDimensions(false)
                        .build(),
                convolution(1, 1, ConvolutionMode.Truncate).build(),
                fully(3).build(),
                classes(3)));
        cases.add(lenet());
        return cases;
    }

    /** LeCun et al. 1998, as DL4J's examples have it. */
    static NetworkCase lenet() {
        return layers(
                "LeNet",
                InputType.convolutionalFlat(28, 28, 1),
                new ConvolutionLayer.Builder(5, 5)
                        .nOut(20)
                        .activation(Activation.IDENTITY)
                        .build(),
                new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX, new int[] {2, 2}, new int[] {2, 2})
                        .build(),
                new ConvolutionLayer.Builder(5, 5)
                        .nOut(50)
                        .activation(Activation.IDENTITY)
                        .build(),
                new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX, new int[] {2, 2}, new int[] {2, 2})
                        .build(),
                new DenseLayer.Builder().nOut(500).activation(Activation.RELU).build(),
                classes(10));
    }

    private static Layer lstm(RNNFormat format) {
        return new LSTM.Builder()
                .nOut(4)
                .dataFormat(format)
                .activation(Activation.TANH)
                .build();
    }

    private static List<NetworkCase> series() {
        var cases = new ArrayList<NetworkCase>();
        for (boolean last : new boolean[] {false, true}) {
            var input = last ? SERIES_LAST : SERIES;
            var format = last ? RNNFormat.NWC : RNNFormat.NCW;
            var label = last ? " NWC" : " NCW";
            var output = new RnnOutputLayer.Builder(LossFunction.MCXENT)
                    .nOut(4)
                    .activation(Activation.SOFTMAX)
                    .dataFormat(format)
                    .build();
            var loss = new RnnLossLayer.Builder(LossFunction.MCXENT)
                    .activation(Activation.SOFTMAX)
                    .dataFormat(format)
                    .build();
            cases.add(layers("LSTM" + label, input, lstm(format), output));
            cases.add(layers(
                    "simple recurrent" + label,
                    input,
                    new SimpleRnn.Builder()
                            .nOut(4)
                            .dataFormat(format)
                            .activation(Activation.TANH)
                            .build(),
                    loss));
            for (var mode : Bidirectional.Mode.values()) {
                cases.add(
                        layers("bidirectional " + mode + label, input, new Bidirectional(mode, lstm(format)), output));
            }
            cases.add(layers("last step" + label, input, new LastTimeStep(lstm(format)), classes(3)));
        }
        cases.addAll(List.of(
                layers(
                        "LSTM of Graves",
                        SERIES,
                        new GravesLSTM.Builder()
                                .nOut(4)
                                .gateActivationFunction(Activation.HARDSIGMOID)
                                .activation(Activation.TANH)
                                .build(),
                        steps()),
                layers(
                        "bidirectional LSTM of Graves",
                        SERIES,
                        new GravesBidirectionalLSTM.Builder()
                                .nOut(4)
                                .activation(Activation.TANH)
                                .build(),
                        steps()),
                layers(
                        "last step of both ways",
                        SERIES,
                        new LastTimeStep(new Bidirectional(Bidirectional.Mode.CONCAT, lstm(RNNFormat.NCW))),
                        classes(3)),
                layers(
                        "dense between series",
                        SERIES,
                        lstm(RNNFormat.NCW),
                        fully(5).build(),
                        new ActivationLayer(Activation.SOFTMAX),
                        new BatchNormalization.Builder().build(),
                        lstm(RNNFormat.NCW),
                        steps()),
                layers(
                        "one-dimensional",
                        InputType.recurrent(3, 12),
                        new Convolution1DLayer.Builder(3)
                                .nOut(4)
                                .convolutionMode(ConvolutionMode.Causal)
                                .dilation(2)
                                .activation(Activation.TANH)
                                .build(),
                        new Convolution1DLayer.Builder(3)
                                .nOut(5)
                                .convolutionMode(ConvolutionMode.Same)
                                .hasBias(false)
                                .build(),
                        new Subsampling1DLayer.Builder(SubsamplingLayer.PoolingType.MAX, 2, 2).build(),
                        new ZeroPadding1DLayer.Builder(1, 2).build(),
                        new Upsampling1D.Builder(2).build(),
                        new Cropping1D.Builder(1, 2).build(),
                        new Convolution1DLayer.Builder(2).stride(2).nOut(4).build(),
                        new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                        classes(3)),
                layers(
                        "mean over steps",
                        InputType.recurrent(3, 12),
                        new Subsampling1DLayer.Builder(SubsamplingLayer.PoolingType.AVG, 3, 2).build(),
                        new RnnLossLayer.Builder(LossFunction.MSE)
                                .activation(Activation.IDENTITY)
                                .build()),
                layers(
                        "pictures over time",
                        DataType.FLOAT,
                        InputType.recurrent(12, 5),
                        new RnnToCnnPreProcessor(3, 4, 1),
                        convolution(2, 1, ConvolutionMode.Truncate).nIn(1).build(),
                        lstm(RNNFormat.NCW),
                        steps())));
        return cases;
    }

    private static List<NetworkCase> volumes() {
        var cases = new ArrayList<NetworkCase>();
        for (boolean last : new boolean[] {false, true}) {
            var input = last ? VOLUME_LAST : VOLUME;
            var format = last ? Convolution3D.DataFormat.NDHWC : Convolution3D.DataFormat.NCDHW;
            var label = last ? " NDHWC" : " NCDHW";
            var loss = new Cnn3DLossLayer.Builder(format)
                    .lossFunction(LossFunction.MCXENT)
                    .activation(Activation.SOFTMAX)
                    .build();
            for (var type : new PoolingType[] {PoolingType.MAX, PoolingType.AVG}) {
                cases.add(layers(
                        "volumes " + type + label,
                        input,
                        new Convolution3D.Builder(3, 2, 2)
                                .nOut(3)
                                .convolutionMode(ConvolutionMode.Same)
                                .dataFormat(format)
                                .activation(Activation.TANH)
                                .build(),
                        new Convolution3D.Builder(2, 2, 2)
                                .nOut(3)
                                .hasBias(false)
                                .convolutionMode(ConvolutionMode.Truncate)
                                .dataFormat(format)
                                .build(),
                        new Subsampling3DLayer.Builder(
                                        Subsampling3DLayer.PoolingType.valueOf(type.name()),
                                        new int[] {2, 2, 2},
                                        new int[] {1, 2, 2})
                                .dataFormat(format)
                                .build(),
                        new Upsampling3D.Builder(2).dataFormat(format).build(),
                        loss));
            }
            cases.add(layers(
                    "transposed volumes" + label,
                    input,
                    new Deconvolution3D.Builder()
                            .kernelSize(2, 2, 2)
                            .stride(2, 2, 2)
                            .nOut(3)
                            .dataFormat(format)
                            .build(),
                    loss));
        }
        cases.add(layers(
                "volumes padded and cropped",
                VOLUME,
                new ZeroPadding3DLayer.Builder(1, 0, 2, 1, 0, 1).build(),
                new Cropping3D.Builder(1, 1, 0, 2, 1, 0).build(),
                new GlobalPoolingLayer.Builder(PoolingType.MAX).build(),
                classes(3)));
        cases.add(layers(
                "volumes to rows",
                VOLUME_LAST,
                new Convolution3D.Builder(2, 2, 2)
                        .nOut(3)
                        .dataFormat(Convolution3D.DataFormat.NDHWC)
                        .build(),
                fully(4).build(),
                classes(3)));
        cases.add(layers(
                "volumes from rows",
                DataType.FLOAT,
                InputType.feedForward(2 * 3 * 4 * 2),
                new FeedForwardToCnn3DPreProcessor(2, 3, 4, 2, true),
                new Convolution3D.Builder(2, 2, 2)
                        .nIn(2)
                        .nOut(3)
                        .dataFormat(Convolution3D.DataFormat.NCDHW)
                        .build(),
                new GlobalPoolingLayer.Builder(PoolingType.MAX).build(),
                classes(3)));
        return cases;
    }

    private static List<NetworkCase> graphs() {
        var cases = new ArrayList<NetworkCase>();
        for (var op : ElementWiseVertex.Op.values()) {
            cases.add(graph(
                    "two inputs, " + op,
                    List.of(FLAT, FLAT),
                    builder -> builder.addLayer("a", fully(4).build(), "in0")
                            .addLayer("b", fully(4).build(), "in1")
                            .addVertex("both", new ElementWiseVertex(op), "a", "b")
                            .addLayer("out", classes(3), "both")
                            .setOutputs("out", "a")));
        }
        cases.add(graph(
                "cut and joined",
                List.of(FLAT, FLAT),
                builder -> builder.addVertex("part", new SubsetVertex(1, 3), "in0")
                        .addVertex("scaled", new ScaleVertex(1.5), "part")
                        .addVertex("shifted", new ShiftVertex(-0.3), "in1")
                        .addVertex("unit", new L2NormalizeVertex(), "shifted")
                        .addVertex("merged", new MergeVertex(), "scaled", "unit")
                        .addVertex("frozen", new FrozenVertex(new ScaleVertex(2)), "merged")
                        .addVertex("far", new L2Vertex(), "in0", "in1")
                        .addLayer("out", classes(3), "frozen")
                        .setOutputs("out", "far")));
        cases.add(graph(
                "one pair of weights for two inputs",
                List.of(FLAT, FLAT),
                builder -> builder.addVertex("stacked", new StackVertex(), "in0", "in1")
                        .addLayer("shared", fully(4).build(), "stacked")
                        .addVertex("first", new UnstackVertex(0, 2), "shared")
                        .addVertex("second", new UnstackVertex(1, 2), "shared")
                        .addVertex("apart", new ElementWiseVertex(ElementWiseVertex.Op.Subtract), "first", "second")
                        .addLayer("out", classes(3), "apart")
                        .setOutputs("out")));
        cases.add(graph(
                "pictures cut, normalized, reshaped",
                List.of(PICTURE),
                builder -> builder.addVertex("inner", new PoolHelperVertex(), "in0")
                        .addVertex("unit", new L2NormalizeVertex(), "inner")
                        .addVertex("flat", new ReshapeVertex(-1, 3 * 8 * 7), "unit")
                        .addLayer(
                                "out",
                                new OutputLayer.Builder(LossFunction.MCXENT)
                                        .nIn(168)
                                        .nOut(3)
                                        .activation(Activation.SOFTMAX)
                                        .build(),
                                "flat")
                        .setOutputs("out")));
        cases.add(graph(
                "series in a graph",
                List.of(SERIES),
                builder -> builder.addVertex("turned", new ReverseTimeSeriesVertex(), "in0")
                        .addLayer("lstm", lstm(RNNFormat.NCW), "turned")
                        .addVertex("end", new LastTimeStepVertex("in0"), "lstm")
                        .addVertex("rows", new PreprocessorVertex(new RnnToFeedForwardPreProcessor()), "lstm")
                        .addVertex("back", new PreprocessorVertex(new FeedForwardToRnnPreProcessor()), "rows")
                        .addLayer("steps", steps(), "back")
                        .addLayer("out", classes(3), "end")
                        .setOutputs("out", "steps")));
        cases.add(graph(
                "preprocessors one after another",
                List.of(InputType.feedForward(24)),
                builder -> builder.addVertex(
                                "same",
                                new PreprocessorVertex(new ComposableInputPreProcessor(
                                        new FeedForwardToCnnPreProcessor(3, 4, 2),
                                        new CnnToFeedForwardPreProcessor(3, 4, 2))),
                                "in0")
                        .addLayer("out", classes(3), "same")
                        .setOutputs("out")));
        cases.add(graph("residual block", List.of(InputType.convolutional(8, 8, 3)), builder -> {
            var stem = convolutional(builder, "stem", "in0", 8, 3, 1, true);
            var block = residual(builder, "block", stem, 8, 1);
            var smaller = residual(builder, "smaller", block, 16, 2);
            builder.addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), smaller)
                    .addLayer("out", classes(10), "pool")
                    .setOutputs("out");
        }));
        return cases;
    }

    /** Convolution, batch normalization and, if so asked, ReLU. */
    static String convolutional(
            GraphBuilder builder, String name, String in, int out, int kernel, int stride, boolean active) {
        builder.addLayer(
                        name + "-conv",
                        new ConvolutionLayer.Builder(kernel, kernel)
                                .stride(stride, stride)
                                .convolutionMode(ConvolutionMode.Same)
                                .nOut(out)
                                .hasBias(false)
                                .activation(Activation.IDENTITY)
                                .build(),
                        in)
                .addLayer(name + "-bn", new BatchNormalization.Builder().build(), name + "-conv");
        if (active) {
            builder.addLayer(name + "-relu", new ActivationLayer(Activation.RELU), name + "-bn");
        }
        return name + (active ? "-relu" : "-bn");
    }

    /** He et al. 2016, arXiv:1512.03385, with a projection where the sizes change. */
    private static String residual(GraphBuilder builder, String name, String in, int out, int stride) {
        var first = convolutional(builder, name + "-a", in, out, 3, stride, true);
        var second = convolutional(builder, name + "-b", first, out, 3, 1, false);
        var shortcut = stride == 1 ? in : convolutional(builder, name + "-shortcut", in, out, 1, stride, false);
        builder.addVertex(name + "-add", new ElementWiseVertex(ElementWiseVertex.Op.Add), second, shortcut)
                .addLayer(name + "-relu", new ActivationLayer(Activation.RELU), name + "-add");
        return name + "-relu";
    }
}
