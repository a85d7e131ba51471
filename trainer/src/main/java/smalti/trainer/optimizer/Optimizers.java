package smalti.trainer.optimizer;

import java.util.List;
import smalti.spec.model.Adam;
import smalti.spec.model.AdamW;
import smalti.spec.model.RmsProp;
import smalti.spec.model.Sgd;
import smalti.trainer.part.Part;

/** Smalti's own optimizers. */
public final class Optimizers {
    private Optimizers() {}

    public static List<Part<?, ?>> parts() {
        return List.of(
                new Part<>(Adam.class, UpdateRule.class, AdamRule::new),
                new Part<>(AdamW.class, UpdateRule.class, AdamRule::new),
                new Part<>(Sgd.class, UpdateRule.class, SgdRule::new),
                new Part<>(RmsProp.class, UpdateRule.class, RmsPropRule::new));
    }
}
