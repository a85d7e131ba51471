package smalti.trainer.family;

import java.util.List;
import smalti.spec.model.DcganFamily;
import smalti.spec.model.VaeFamily;
import smalti.spec.model.VqvaeFamily;
import smalti.trainer.part.Part;

/** Smalti's own families. */
public final class Families {
    private Families() {}

    public static List<Part<?, ?>> parts() {
        return List.of(
                new Part<>(VqvaeFamily.class, ModelStart.class, family -> given -> new VqvaeModel(family, given)),
                new Part<>(DcganFamily.class, ModelStart.class, family -> given -> new DcganModel(family, given)),
                new Part<>(VaeFamily.class, ModelStart.class, family -> given -> new VaeModel(family, given)));
    }
}
