package smalti.exporter.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarFile;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Convolution2D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.Pooling1D;
import org.deeplearning4j.nn.conf.layers.Pooling2D;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.conf.preprocessor.ComposableInputPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Every conversion is tried, and {@code docs/dl4j.md} lists them all, and what is missing. */
final class Dl4jCoverageTest {
    private static final Path PAGE = Path.of("../docs/dl4j.md");

    /** They have no builder of their own: only old files hold them, and they compute what their parents do. */
    private static final Set<Class<?>> ALIASES =
            Set.of(Convolution1D.class, Convolution2D.class, Pooling1D.class, Pooling2D.class);

    @Test
    void everyConversionHasACase() {
        var tried = new HashSet<Class<?>>(ALIASES);
        NetworkCases.all().forEach(useCase -> {
            if (useCase.network() instanceof MultiLayerNetwork layers) {
                var configuration = layers.getLayerWiseConfigurations();
                for (int i = 0; i < layers.getnLayers(); i++) {
                    layer(configuration.getConf(i).getLayer(), tried);
                    preprocessor(configuration.getInputPreProcess(i), tried);
                }
            } else if (useCase.network() instanceof ComputationGraph graph) {
                graph.getConfiguration().getVertices().values().forEach(vertex -> vertex(vertex, tried));
            }
        });
        var covered = new HashSet<Class<?>>();
        covered.addAll(LayerConversions.types());
        covered.addAll(Vertices.types());
        covered.addAll(Preprocessors.types());
        covered.addAll(Activations.types());
        assertThat(tried).containsAll(covered);
    }

    private static void layer(Layer layer, Set<Class<?>> tried) {
        tried.add(layer.getClass());
        if (layer instanceof FrozenLayer frozen) {
            layer(frozen.getLayer(), tried);
        } else if (layer instanceof BaseWrapperLayer wrapper) {
            layer(wrapper.getUnderlying(), tried);
        } else if (layer instanceof Bidirectional both) {
            layer(both.getFwd(), tried);
        } else if (layer instanceof ActivationLayer active) {
            tried.add(active.getActivationFn().getClass());
        }
    }

    private static void preprocessor(@Nullable InputPreProcessor preprocessor, Set<Class<?>> tried) {
        if (preprocessor != null) {
            tried.add(preprocessor.getClass());
            if (preprocessor instanceof ComposableInputPreProcessor several) {
                for (var part : several.getInputPreProcessors()) {
                    preprocessor(part, tried);
                }
            }
        }
    }

    private static void vertex(GraphVertex vertex, Set<Class<?>> tried) {
        tried.add(vertex.getClass());
        if (vertex instanceof LayerVertex layered) {
            layer(layered.getLayerConf().getLayer(), tried);
            preprocessor(layered.getPreProcessor(), tried);
        } else if (vertex instanceof PreprocessorVertex alone) {
            preprocessor(alone.getPreProcessor(), tried);
        } else if (vertex instanceof FrozenVertex frozen) {
            vertex(frozen.getUnderlying(), tried);
        }
    }

    @Test
    void thePageSaysWhatIsCovered() throws Exception {
        var page = page();
        if (System.getenv("SMALTI_WRITE") != null) {
            Files.writeString(PAGE, page);
        }
        assertThat(Files.readString(PAGE))
                .as("SMALTI_WRITE=1 in the environment writes it")
                .isEqualTo(page);
    }

    private static String page() throws Exception {
        var page = new StringBuilder("# DL4J's networks in ONNX\n\n"
                + "Made by a test from the registry of conversions and the classes of DL4J itself. Each that is covered is"
                + " exported, and ONNX Runtime's output compared with `network.output`.\n"
                + "What is set up in a way that is not covered is refused with the layer's name. Masks cannot be given."
                + " Recurrent layers need the length of the series, at most 512, and are written out step by step.\n");
        section(page, "Layers", Layer.class, LayerConversions.types(), true);
        section(page, "Vertices", GraphVertex.class, Vertices.types(), false);
        page.append("\n## Preprocessors\n\n")
                .append(names(Preprocessors.types()))
                .append("\n");
        page.append("\n## Activation functions\n\n")
                .append(names(Activations.types()))
                .append("\n");
        return page.toString();
    }

    private static String names(Set<? extends Class<?>> types) {
        var names = new TreeSet<String>();
        types.forEach(type -> names.add(type.getSimpleName()));
        return String.join(", ", names);
    }

    private static void section(
            StringBuilder page, String title, Class<?> parent, Set<? extends Class<?>> covered, boolean layers)
            throws Exception {
        var rows = new TreeMap<String, String>();
        for (var type : classes(parent)) {
            var whyNot = layers ? LayerConversions.whyNot(type) : Vertices.whyNot(type);
            rows.put(type.getSimpleName(), covered.contains(type) ? "yes | " : "no | " + whyNot);
        }
        page.append("\n## ").append(title).append("\n\n| class | exported | remarks |\n| --- | --- | --- |\n");
        rows.forEach((name, row) ->
                page.append("| ").append(name).append(" | ").append(row).append(" |\n"));
    }

    /** The configurations of one kind that DL4J has. */
    private static Set<Class<?>> classes(Class<?> parent) throws IOException, ReflectiveOperationException {
        var jar = parent.getProtectionDomain().getCodeSource().getLocation();
        var found = new HashSet<Class<?>>();
        try (var file = new JarFile(Path.of(jar.getPath()).toFile())) {
            for (var entry : file.stream().toList()) {
                var name = entry.getName();
                if (name.startsWith("org/deeplearning4j/nn/conf/") && name.endsWith(".class") && !name.contains("$")) {
                    var type = Class.forName(
                            name.substring(0, name.length() - ".class".length()).replace('/', '.'),
                            false,
                            parent.getClassLoader());
                    if (parent.isAssignableFrom(type) && !java.lang.reflect.Modifier.isAbstract(type.getModifiers())) {
                        found.add(type);
                    }
                }
            }
        }
        return found;
    }
}
