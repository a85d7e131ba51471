package smalti.trainer.quantizer;

import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.bundle.Contract;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.TrainingGraph;
import smalti.trainer.loss.Term;

/** How latents become codes and codes become latents again, in training and afterwards. */
public interface Quantization {
    /**
     * @param passed what the decoder gets, [B, D, h, w], with a gradient to the latents
     * @param codes int64, [B·h·w]
     * @param commitment ‖z − sg(e)‖² as a mean, without its weight β
     * @param terms of the loss that the codebook follows
     */
    record Quantized(SDVariable passed, SDVariable codes, SDVariable commitment, List<Term> terms) {}

    /**
     * Snaps latents in a training graph.
     *
     * @param latents [B, D, h, w]
     */
    Quantized train(GraphBuilder g, SDVariable latents, int batch, int height, int width);

    /**
     * @param codes int64, [N, h, w]
     * @param quantized [N, D, h, w]
     */
    record Snapped(SDVariable codes, SDVariable quantized) {}

    /**
     * Snaps latents in an inference graph.
     *
     * @param latents [N, D, h, w]
     */
    Snapped snap(GraphBuilder g, SDVariable latents);

    /**
     * In an inference graph.
     *
     * @param codes int64, [N, h, w]
     * @return [N, D, h, w]
     */
    SDVariable lookup(GraphBuilder g, SDVariable codes);

    /** Name of the latents as rows, [B·h·w, D], in a training graph: what {@link #startFrom} is given. */
    String FLAT_LATENTS = "flatLatents";

    /** How many latents it wants to see before the first step; 0: none. */
    int startLatents();

    /**
     * Starts from some latents.
     *
     * @param latents [n, D], row by row, of {@code batches} batches
     */
    void startFrom(float[] latents, int batches);

    /** Names that {@link #train} gives to what {@link #follow} reads. */
    List<String> followed();

    /**
     * Follows one batch, after the step's own update.
     *
     * @param batchesOfEpoch that figures of use look back on at most
     * @return figures by name
     */
    Map<String, Double> follow(TrainingGraph.Pass pass, int step, int batchesOfEpoch);

    /** Parameters that follow no gradient. */
    List<String> standing();

    /** What a checkpoint holds beside the parameters; the arrays themselves. */
    Map<String, float[]> state();

    /** @param factor pixels that a code stands for on each side */
    Contract.Codebook contract(int factor);
}
