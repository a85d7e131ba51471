package smalti.trainer.quantizer;

import java.util.List;
import smalti.spec.model.EmaQuantizer;
import smalti.spec.model.LossQuantizer;
import smalti.trainer.part.Part;

/** Smalti's own quantizers. */
public final class Quantizers {
    private Quantizers() {}

    public static List<Part<?, ?>> parts() {
        return List.of(
                new Part<>(
                        EmaQuantizer.class,
                        QuantizationStart.class,
                        spec -> (parameters, seed) -> new EmaCodebook(spec, parameters, seed)),
                new Part<>(
                        LossQuantizer.class,
                        QuantizationStart.class,
                        spec -> (parameters, seed) -> new LossCodebook(spec, parameters, seed)));
    }
}
