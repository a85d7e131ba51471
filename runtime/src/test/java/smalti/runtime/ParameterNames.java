package smalti.runtime;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/** How the sources call the parameters of public methods: the classes leave their names out, to be small. */
final class ParameterNames {
    private static final Path SOURCES = Path.of("src", "main", "java", "smalti", "runtime");

    private final Map<String, List<String>> names = new HashMap<>();

    private ParameterNames() {}

    static ParameterNames read() {
        var compiler = ToolProvider.getSystemJavaCompiler();
        try (var manager = compiler.getStandardFileManager(null, null, null);
                var files = Files.list(SOURCES)) {
            var sources = manager.getJavaFileObjectsFromPaths(
                    files.filter(file -> file.toString().endsWith(".java")).toList());
            var all = new ParameterNames();
            for (var unit : ((JavacTask) compiler.getTask(null, manager, null, null, null, sources)).parse()) {
                new Scanner(all.names).scan(unit, null);
            }
            return all;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String of(Executable called, int place) {
        var type = called.getDeclaringClass().getSimpleName();
        var method = called instanceof Constructor ? "<init>" : called.getName();
        var key = key(
                type,
                method,
                Arrays.stream(called.getParameterTypes())
                        .map(Class::getSimpleName)
                        .toList());
        var found = names.get(key);
        if (found == null) {
            throw new IllegalStateException("no source of " + key);
        }
        return found.get(place);
    }

    private static String key(String type, String method, List<String> parameters) {
        return type + "." + method + parameters;
    }

    /** Finds methods by the simple names of their parameters' types. */
    private static final class Scanner extends TreeScanner<@Nullable Void, @Nullable ClassTree> {
        private final Map<String, List<String>> names;

        Scanner(Map<String, List<String>> names) {
            this.names = names;
        }

        @Override
        public @Nullable Void visitClass(ClassTree type, @Nullable ClassTree around) {
            // a record's components are its constructor's parameters
            var components = type.getMembers().stream()
                    .filter(VariableTree.class::isInstance)
                    .map(VariableTree.class::cast)
                    .filter(field -> type.getKind() == com.sun.source.tree.Tree.Kind.RECORD
                            && !field.getModifiers().getFlags().contains(javax.lang.model.element.Modifier.STATIC))
                    .toList();
            if (!components.isEmpty()) {
                put(type, "<init>", components);
            }
            return super.visitClass(type, type);
        }

        @Override
        public @Nullable Void visitMethod(MethodTree method, @Nullable ClassTree type) {
            if (type != null && !method.getParameters().isEmpty()) {
                put(type, method.getName().toString(), method.getParameters());
            }
            return super.visitMethod(method, type);
        }

        private void put(ClassTree type, String method, List<? extends VariableTree> parameters) {
            var types = new ArrayList<String>();
            for (var parameter : parameters) {
                types.add(simple(String.valueOf(parameter.getType())));
            }
            names.put(
                    key(type.getSimpleName().toString(), method, types),
                    parameters.stream()
                            .map(parameter -> parameter.getName().toString())
                            .collect(Collectors.toList()));
        }

        /** Without annotations, type arguments and outer classes. */
        private static String simple(String type) {
            var bare = type.replaceAll("@\\w+(\\(\\))?\\s*", "");
            while (bare.contains("<")) {
                bare = bare.replaceAll("<[^<>]*>", "");
            }
            bare = bare.replace("...", "[]").strip();
            return bare.substring(bare.lastIndexOf('.') + 1);
        }
    }
}
