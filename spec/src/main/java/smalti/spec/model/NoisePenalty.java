package smalti.spec.model;

import smalti.spec.Check;

/**
 * The discriminator shall say of a real picture with a little noise what it says of the picture itself.
 *
 * <pre>
 *   λ·mean (ℓ(x) − ℓ(x + σ·ε))²,   ε normal with mean 0 and deviation 1
 * </pre>
 *
 * <p>To first order that is λσ²·‖∇ℓ(x)‖², the penalty R1 with γ = 2λσ², and it needs no second derivatives.
 *
 * <p>Source: Lin et al. 2025, arXiv:2501.08316, the approximated R1 with λ = 100 and σ = 0.01; R1: Mescheder et al.
 * 2018, arXiv:1801.04406, equation 9.
 *
 * @param weight λ
 * @param deviation σ, where pixels are from −1 to 1
 */
public record NoisePenalty(
        @Default("100") double weight, @Default("0.01") double deviation) implements Penalty {
    public NoisePenalty {
        Check.that(weight > 0 && weight <= 1e9, "weight must be above 0 and at most 1e9, got %s", weight)
                .and(deviation > 0 && deviation <= 1, "deviation must be in (0, 1], got %s", deviation)
                .done();
    }
}
