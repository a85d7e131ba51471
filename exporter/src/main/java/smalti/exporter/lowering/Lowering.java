package smalti.exporter.lowering;

import smalti.exporter.samediff.SourceOp;

/** Turns one SameDiff operation into ONNX nodes, of which the last makes the operation's output. */
@FunctionalInterface
interface Lowering {
    /** @throws NotCovered if the arguments are none that this lowering translates */
    void lower(SourceOp op, Emitter to);
}
