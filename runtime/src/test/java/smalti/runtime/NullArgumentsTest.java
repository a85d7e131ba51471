package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import java.awt.image.BufferedImage;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;

/** Every public method, asked with null for one argument at a time, says which argument it was. */
class NullArgumentsTest {
    private static final Map<Class<?>, Object> ARGUMENTS = Map.ofEntries(
            Map.entry(int.class, 1),
            Map.entry(long.class, 1L),
            Map.entry(double.class, 1.0),
            Map.entry(boolean.class, false),
            Map.entry(String.class, "session.disable_prepacking"),
            Map.entry(Path.class, Bundles.CODEC),
            Map.entry(InputStream.class, InputStream.nullInputStream()),
            Map.entry(RuntimeOptions.class, RuntimeOptions.defaults()),
            Map.entry(RequestOptions.class, RequestOptions.defaults()),
            Map.entry(Duration.class, Duration.ofSeconds(1)),
            Map.entry(Priority.class, Priority.NORMAL),
            Map.entry(Precision.class, Precision.FP32),
            Map.entry(Role.class, Role.TOKENIZE),
            Map.entry(ElementType.class, ElementType.UINT8),
            Map.entry(ThreadBudget.class, ThreadBudget.of(1)),
            Map.entry(MeterRegistry.class, new SimpleMeterRegistry()),
            Map.entry(ObservationRegistry.class, ObservationRegistry.NOOP),
            Map.entry(Device.class, Device.cpu()),
            Map.entry(Device[].class, new Device[] {Device.cpu()}),
            Map.entry(Device.Cuda.class, Device.cuda(0)),
            Map.entry(Device.Spread.class, Device.Spread.WIDE),
            Map.entry(Device.ConvolutionSearch.class, Device.ConvolutionSearch.DEFAULT),
            Map.entry(Device.ArenaGrowth.class, Device.ArenaGrowth.AS_REQUESTED),
            Map.entry(OnnxModel.Requests.class, OnnxModel.Requests.ALONE),
            Map.entry(Generation.class, Generation.of(1, 1)),
            Map.entry(Pixels.class, new Pixels(1, 4, 4, 3, ByteBuffer.allocate(48))),
            Map.entry(Codes.class, new Codes(1, 1, 1, new long[1], "")),
            Map.entry(Distributions.class, new Distributions(2, new float[2], new float[2])),
            Map.entry(BufferedImage.class, new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB)),
            Map.entry(ByteBuffer.class, ByteBuffer.allocate(1)),
            Map.entry(List.class, List.of()),
            Map.entry(Map.class, Map.of()),
            Map.entry(byte[].class, new byte[1]),
            Map.entry(short[].class, new short[1]),
            Map.entry(boolean[].class, new boolean[1]),
            Map.entry(int[].class, new int[1]),
            Map.entry(long[].class, new long[] {1}),
            Map.entry(float[].class, new float[1]),
            Map.entry(double[].class, new double[1]),
            Map.entry(Throwable.class, new IllegalStateException()),
            Map.entry(Function.class, (Function<SmaltiModel, Object>) model -> model),
            Map.entry(Consumer.class, (Consumer<SmaltiModel>) model -> {}));

    @TempDir
    private Path folder;

    private final ParameterNames names = ParameterNames.read();
    private final List<String> wrong = new ArrayList<>();
    private int asked;

    @Test
    void eachIsNamed() throws Exception {
        try (var codec = SmaltiModel.open(Bundles.CODEC);
                var generator = SmaltiModel.open(Bundles.GENERATOR);
                var vae = SmaltiModel.open(TinyVae.write(folder.resolve("vae.smalti"), false));
                var live = LiveModel.open(Bundles.CODEC, RuntimeOptions.defaults());
                var onnx = OnnxModel.open(Bundles.GENERATOR.resolve("generator.onnx"))) {
            List.of(
                            codec,
                            codec.codec(),
                            generator.generator(),
                            vae.posterior(),
                            live,
                            onnx,
                            Generation.of(1, 1),
                            RuntimeOptions.defaults(),
                            RequestOptions.defaults(),
                            Device.cpu(),
                            Device.cuda(0),
                            Device.tensorrt(0))
                    .forEach(this::instance);
            for (var type : List.of(
                    SmaltiModel.class,
                    LiveModel.class,
                    OnnxModel.class,
                    Pixels.class,
                    Codes.class,
                    Distributions.class,
                    Tensor.class,
                    Device.class,
                    Device.Auto.class,
                    Failure.class)) {
                for (var method : type.getDeclaredMethods()) {
                    if (Modifier.isStatic(method.getModifiers())) {
                        ask(method, null);
                    }
                }
                Stream.of(type.getConstructors()).forEach(made -> ask(made, null));
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(asked).isGreaterThan(70);
    }

    @Test
    void aPartOfAListOrAMapIsNamedByItsPlace() {
        var picture = new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB);
        var pictures = Arrays.asList(picture, null);
        var file = Bundles.GENERATOR.resolve("generator.onnx");
        try (var model = SmaltiModel.open(Bundles.CODEC);
                var onnx = OnnxModel.open(file);
                var rows = OnnxModel.open(file, OnnxModel.Requests.INDEPENDENT_ROWS, RuntimeOptions.defaults())) {
            says("images[1]", () -> model.codec().encode(pictures));
            says("images[1]", () -> model.codec().reconstruct(pictures));
            says("images[1]", () -> Pixels.of(pictures, 3));
            var name = onnx.inputs().get(0).name();
            for (var asked : List.of(onnx, rows)) {
                for (var inputs : List.of(entry(null, Tensor.of(new float[1], 1)), entry(name, null))) {
                    var place = inputs.containsKey(name) ? "inputs: " + name : "inputs: a key";
                    says(place, () -> asked.run(inputs));
                    says(place, () -> asked.runAsync(inputs));
                    says(place, () -> asked.warm(inputs));
                }
            }
        }
        says("shape[0]", () -> new Tensor(ElementType.INT8, Arrays.asList((Long) null), ByteBuffer.allocate(1)));
        says("devices[1]", () -> new Device.Auto(Arrays.asList(Device.cpu(), null)));
    }

    private static Map<String, Tensor> entry(@Nullable String name, @Nullable Tensor tensor) {
        var inputs = new HashMap<String, Tensor>();
        inputs.put(name, tensor);
        return inputs;
    }

    private static void says(String place, ThrowingCallable work) {
        assertThatThrownBy(work).isInstanceOf(NullPointerException.class).hasMessage(place);
    }

    private void instance(Object target) {
        for (var method : target.getClass().getDeclaredMethods()) {
            if (!Modifier.isStatic(method.getModifiers())) {
                ask(method, target);
            }
        }
    }

    private void ask(Executable called, @Nullable Object target) {
        var parameters = called.getParameters();
        if (!Modifier.isPublic(called.getModifiers())
                || called.isSynthetic()
                || called.getName().equals("valueOf")) {
            return;
        }
        for (int i = 0; i < parameters.length; i++) {
            if (!parameters[i].getType().isPrimitive() && !called.getName().equals("equals")) {
                ask(called, target, parameters, i);
            }
        }
    }

    private void ask(Executable called, @Nullable Object target, Parameter[] parameters, int left) {
        asked++;
        var arguments = new Object[parameters.length];
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = i == left ? null : argument(parameters[i].getType());
        }
        var name = names.of(called, left);
        try {
            if (called instanceof Method method) {
                method.invoke(target, arguments);
            } else {
                ((Constructor<?>) called).newInstance(arguments);
            }
            wrong.add(called + ": nothing said of " + name);
        } catch (InvocationTargetException e) {
            var cause = e.getCause();
            if (!(cause instanceof NullPointerException) || !name.equals(cause.getMessage())) {
                wrong.add(called + ": " + cause + " for " + name);
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(called.toString(), e);
        }
    }

    private static Object argument(Class<?> type) {
        if (type == Stream.class) {
            return Stream.of();
        }
        var argument = ARGUMENTS.get(type);
        if (argument == null) {
            throw new IllegalStateException("no argument of " + type);
        }
        return argument;
    }
}
