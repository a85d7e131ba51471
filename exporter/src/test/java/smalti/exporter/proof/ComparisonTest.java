package smalti.exporter.proof;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import smalti.spec.bundle.Contract;
import smalti.spec.file.NpyArray;

final class ComparisonTest {
    private static final Batch BATCH = new Batch("held-out picture", 32, 2);

    private static NpyArray floats(float... values) {
        return NpyArray.of(values, 2, values.length / 2);
    }

    @Test
    void floatsAreMeasuredAgainstTheirRange() {
        var comparison = new FloatComparison("encoder.onnx: latents");
        comparison.add(BATCH, floats(-5, 0, 5, 1), floats(-5, 0.0009f, 5, 1));
        assertThat(comparison.problems()).isEmpty();
        assertThat(comparison.proof().samples()).isEqualTo(2);
        assertThat(comparison.proof().range()).isEqualTo(10);
        assertThat(comparison.proof().maxDifference()).isEqualTo(0.0009f);
        assertThat(comparison.proof().meanDifference()).isEqualTo(0.0009f / 4.0);

        comparison.add(BATCH, floats(0, 0, 0, 0), floats(0, 0, 0, 0.002f));
        assertThat(comparison.problems())
                .containsExactly(
                        "encoder.onnx: latents of held-out picture 33 differs from SameDiff by 0.00200, allowed is"
                                + " 0.00100 (1.0E-4 of the range 10.0)");
    }

    @Test
    void whatIsNoNumberAndWhatHasAnotherShapeFails() {
        var comparison = new FloatComparison("a");
        comparison.add(BATCH, floats(0, 1), floats(0, Float.NaN));
        assertThat(comparison.problems())
                .containsExactly("a of held-out picture 33 must be finite, got NaN where SameDiff gives 1.0");
        var shapes = new FloatComparison("b");
        shapes.add(BATCH, floats(0, 1), floats(0, 1, 2, 3));
        assertThat(shapes.problems()).containsExactly("b of held-out picture 32 must have shape [2, 1], got [2, 2]");
    }

    @Test
    void pixelsMayDifferByOneLevel() {
        var contract = new Contract.Pixels(1, 1, 1, -1, 1);
        var image = NpyArray.of(new float[] {0, 3}, 2, 1, 1, 1); // 127.5 rounds to the even 128; 3 is clipped
        var close = new PixelComparison("generator.onnx: pixels", contract);
        close.add(BATCH, image, NpyArray.of(new byte[] {127, (byte) 255}, 2, 1, 1, 1));
        assertThat(close.problems()).isEmpty();
        assertThat(close.proof().maxDifference()).isEqualTo(1);
        close.add(BATCH, image, NpyArray.of(new byte[] {(byte) 128, (byte) 253}, 2, 1, 1, 1));
        assertThat(close.problems())
                .containsExactly(
                        "generator.onnx: pixels of held-out picture 33 differs from SameDiff by 2 levels, allowed is 1");
    }

    /** Vectors (0, 0), (1, 0), (0, 4): a latent at (0.5, 0) is as near to code 0 as to code 1. */
    private static CodeTable table() {
        return new CodeTable(3, NpyArray.of(new float[] {0, 1, 0, 0, 0, 4}, 1, 2, 1, 3));
    }

    private static Latents latent(float first, float second) {
        return new Latents(NpyArray.of(new float[] {first, second}, 1, 2, 1, 1));
    }

    private static NpyArray code(long code) {
        return NpyArray.of(new long[] {code}, 1, 1, 1);
    }

    private static CodeComparison compared(long wanted, long got, Latents latents, Latents moved) {
        var comparison = new CodeComparison("codebook.onnx: code", table());
        comparison.add(new Batch("seeded picture", 0, 1), code(wanted), code(got), latents, moved);
        return comparison;
    }

    @Test
    void distancesAreSquared() {
        assertThat(table().distance(latent(0.5f, 1), 0, 0)).isEqualTo(1.25);
        assertThat(table().distance(latent(0.5f, 1), 0, 2)).isEqualTo(9.25);
        assertThat(table().nearest(latent(0.9f, 1), 0)).isEqualTo(1);
    }

    @Test
    void aNearTieExplainsAnotherCode() {
        var tie = latent(0.500001f, 0);
        var comparison = compared(1, 0, tie, tie);
        assertThat(comparison.problems()).isEmpty();
        var floats = new FloatComparison("codebook.onnx: quantized");
        assertThat(comparison.proof(floats).codes()).isEqualTo(1);
        assertThat(comparison.proof(floats).codesDiffering()).isEqualTo(1);
    }

    @Test
    void anotherCodeWithoutATieFails() {
        var clear = latent(0.51f, 0);
        assertThat(compared(1, 0, clear, clear).problems())
                .containsExactly(
                        "codebook.onnx: code of seeded picture 0 is 0 at place 0 where SameDiff gives 1, and their"
                                + " distances are 0.0200 apart, allowed is 2.02e-05");
        assertThat(compared(1, 3, clear, clear).problems())
                .containsExactly(
                        "codebook.onnx: code of seeded picture 0 must be from 0 to 2, got 3 where SameDiff gives 1");
    }

    @Test
    void latentsThatMovedExplainWhatTheyMoved() {
        // gap (0.51)² − (0.49)² = 0.02; moved by δ = 0.02 towards code 0: 2·δ·‖e₀ − e₁‖ = 0.04
        assertThat(compared(1, 0, latent(0.51f, 0), latent(0.49f, 0)).problems())
                .isEmpty();
        // moved by less than half the gap: it cannot have passed the middle
        assertThat(compared(1, 0, latent(0.51f, 0), latent(0.505f, 0)).problems())
                .hasSize(1);
    }
}
