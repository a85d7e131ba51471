package smalti.runtime;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import smalti.spec.Psnr;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.NpyArray;

/**
 * Whether a graph makes of a bundle's samples what the trained model made of them, as far as its numbers and its device
 * allow: whoever serves wants to know that it is the same model, not to prove an export once more.
 */
final class ParityCheck {
    private final Role role;
    private final Precision precision;
    private final Map<String, NpyArray> samples;

    /** @param samples by {@code role.tensor} */
    ParityCheck(Role role, Precision precision, Map<String, NpyArray> samples) {
        this.role = role;
        this.precision = precision;
        this.samples = samples;
    }

    /** Runs inputs in the signature's order, and gives the outputs in its order. */
    @FunctionalInterface
    interface Run {
        List<HostTensor> of(List<HostTensor> inputs);
    }

    /** @return what is not as it should be */
    List<String> problems(Signature signature, Run run) {
        var problems = Stream.concat(signature.inputs().stream(), signature.outputs().stream())
                .flatMap(tensor -> unfit(tensor).stream())
                .collect(Collectors.toCollection(ArrayList::new));
        if (!problems.isEmpty()) {
            return problems;
        }
        var outputs = run.of(signature.inputs().stream()
                .map(input -> tensor(input, sample(input)))
                .toList());
        outputs.forEach(output -> compare(output, sample(output.spec()), problems));
        return problems;
    }

    private Optional<String> unfit(TensorSpec tensor) {
        var sample = samples.get(name(tensor));
        if (sample != null
                && sample.type() == tensor.type()
                && sample.shape().size() == tensor.shape().size()) {
            return Optional.empty();
        }
        return Optional.of(name(tensor) + " must be a sample of " + tensor + ", got "
                + (sample == null ? "none" : sample.type() + " " + sample.shape()));
    }

    private void compare(HostTensor output, NpyArray sample, List<String> problems) {
        var name = name(output.spec());
        var shape = Arrays.stream(output.shape()).boxed().toList();
        if (!shape.equals(sample.shape())) {
            problems.add(name + " must have shape " + sample.shape() + " as its sample, got " + shape);
        } else if (output.spec().type() != ElementType.INT64) {
            double psnr = output.spec().type() == ElementType.UINT8
                    ? psnr(output.data(), sample.data())
                    : psnr(output.data().asFloatBuffer(), sample.floats());
            double least = precision == Precision.FP32 ? 45 : 30;
            if (!(psnr >= least)) {
                problems.add(String.format(
                        Locale.ROOT,
                        "%s must be within %.0f dB of what the trained model makes of the sample, got %.1f dB",
                        name,
                        least,
                        psnr));
            }
        } else {
            compareCodes(name, output, sample, problems);
        }
    }

    /** Near ties may fall otherwise, one in any case. */
    private void compareCodes(String name, HostTensor output, NpyArray sample, List<String> problems) {
        var wanted = sample.longs();
        var got = output.data().asLongBuffer();
        int differing = 0;
        for (int i = 0; i < wanted.length; i++) {
            differing += got.get(i) == wanted[i] ? 0 : 1;
        }
        double allowed = Math.max(1, (precision == Precision.FP32 ? 0.03 : 0.15) * wanted.length);
        if (differing > allowed) {
            problems.add(name + " must be what the trained model makes of the sample but for " + (int) allowed + " of "
                    + wanted.length + " codes, and differs in " + differing);
        }
    }

    private static double psnr(ByteBuffer a, ByteBuffer b) {
        double sum = 0;
        int count = a.remaining();
        for (int i = 0; i < count; i++) {
            int difference = (a.get(i) & 0xFF) - (b.get(b.position() + i) & 0xFF);
            sum += difference * difference;
        }
        return Psnr.of(sum / count, 255);
    }

    /** The peak is the greatest number of the sample. */
    private static double psnr(FloatBuffer a, float[] b) {
        double sum = 0;
        double peak = 0;
        for (int i = 0; i < b.length; i++) {
            double difference = a.get(i) - b[i];
            sum += difference * difference;
            peak = Math.max(peak, Math.abs(b[i]));
        }
        return Psnr.of(sum / b.length, peak);
    }

    private static HostTensor tensor(TensorSpec spec, NpyArray sample) {
        return new HostTensor(
                spec, sample.shape().stream().mapToLong(Long::longValue).toArray(), sample.data());
    }

    private NpyArray sample(TensorSpec tensor) {
        var sample = samples.get(name(tensor));
        if (sample == null) {
            throw new IllegalStateException("no sample of " + name(tensor));
        }
        return sample;
    }

    private String name(TensorSpec tensor) {
        return role.fileStem() + "." + tensor.name();
    }
}
