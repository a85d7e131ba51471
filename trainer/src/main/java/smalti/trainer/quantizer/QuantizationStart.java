package smalti.trainer.quantizer;

import smalti.trainer.graph.Parameters;

/** A quantizer of a spec, before it is part of a model. */
@FunctionalInterface
public interface QuantizationStart {
    /** @param parameters of the model, which the quantizer's own join */
    Quantization begin(Parameters parameters, long seed);
}
