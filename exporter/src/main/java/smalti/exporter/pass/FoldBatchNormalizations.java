package smalti.exporter.pass;

/** Puts a BatchNormalization outside of training into the weights of the Conv, ConvTranspose, Gemm or MatMul before it. */
final class FoldBatchNormalizations extends GraphPass {
    FoldBatchNormalizations() {
        super("batch-norms");
    }

    @Override
    void rewrite(GraphEdit draft) {
        draft.each(node -> {
            var layer = node.is("BatchNormalization") && draft.isUsedOnce(node.input(0))
                    ? Layer.of(draft.maker(node.input(0)), draft)
                            .filter(found -> found.axis() == 1)
                            .orElse(null)
                    : null;
            if (layer != null) {
                Affine.ofNormalization(node, layer.channels(), draft)
                        .ifPresent(affine -> layer.absorb(node, affine, draft));
            }
        });
    }
}
