package smalti.spec.bundle;

import java.util.List;
import smalti.spec.Check;
import smalti.spec.SpecException;

/** What goes into a graph and what comes out, in order. */
public record Signature(List<TensorSpec> inputs, List<TensorSpec> outputs) {
    public Signature {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        Check.that(!inputs.isEmpty(), "inputs must not be empty")
                .and(!outputs.isEmpty(), "outputs must not be empty")
                .done();
    }

    public TensorSpec input(String name) {
        return named(inputs, name);
    }

    public TensorSpec output(String name) {
        return named(outputs, name);
    }

    private static TensorSpec named(List<TensorSpec> tensors, String name) {
        return tensors.stream()
                .filter(tensor -> tensor.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new SpecException("no tensor \"" + name + "\" in " + tensors));
    }

    @Override
    public String toString() {
        return String.join(", ", inputs.stream().map(TensorSpec::toString).toList()) + " → "
                + String.join(", ", outputs.stream().map(TensorSpec::toString).toList());
    }
}
