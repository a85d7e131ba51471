package smalti.spec.onnx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import smalti.spec.SpecException;

/**
 * How a session is to be made for a file, so that none of the {@link EngineFault}s in it reaches the user.
 *
 * @param faults that the file may meet
 * @param config entries of the session's configuration
 * @param isAsWritten whether the session must run the nodes one by one, with no optimization
 */
public record EngineGuard(Set<EngineFault> faults, Map<String, String> config, boolean isAsWritten) {
    private static final String SWITCHED_OFF = "optimization.disable_specified_optimizers";

    /** Of a file that nothing is known of. */
    public static final EngineGuard NONE = new EngineGuard(Set.of(), Map.of(), false);

    public EngineGuard {
        faults = Set.copyOf(faults);
        config = Map.copyOf(config);
    }

    /**
     * @param place names the file in errors
     * @throws SpecException if it must not be opened at all
     */
    public static EngineGuard of(OnnxFile file, String place) {
        var faults = EnumSet.noneOf(EngineFault.class);
        var config = new TreeMap<String, String>();
        var refusals = new ArrayList<String>();
        boolean asWritten = false;
        for (var fault : EngineFault.values()) {
            if (!fault.isIn(file)) {
                continue;
            }
            faults.add(fault);
            if (fault.remedy() instanceof EngineFault.Remedy.Without without) {
                config.merge(SWITCHED_OFF, without.optimizer(), (one, other) -> one + ";" + other);
            } else if (fault.remedy() instanceof EngineFault.Remedy.Config entry) {
                config.put(entry.key(), entry.value());
            } else if (fault.remedy() instanceof EngineFault.Remedy.Refusal refusal) {
                refusals.add(place + ": " + refusal.rule());
            } else {
                asWritten = true;
            }
        }
        if (!refusals.isEmpty()) {
            throw new SpecException(refusals);
        }
        return new EngineGuard(faults, config, asWritten);
    }

    /** The guard's entries beside those that the user gives; of lists of optimizers that are off, all. */
    public Map<String, String> configWith(Map<String, String> given) {
        var all = new TreeMap<>(given);
        config.forEach((key, value) ->
                all.merge(key, value, (theirs, ours) -> key.equals(SWITCHED_OFF) ? joined(theirs, ours) : ours));
        return all;
    }

    private static String joined(String theirs, String ours) {
        return Arrays.asList(theirs.split(";")).contains(ours) ? theirs : theirs + ";" + ours;
    }
}
