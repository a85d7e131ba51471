package smalti.exporter.bundle;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import smalti.spec.SpecException;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.bundle.Role;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.RecordTree;

/** A run folder whose graphs fit together; what their names stand for is told by {@link Role} alone. */
final class RunFolder {
    private final Path folder;
    private final ExportManifest manifest;
    private final Map<Role, ExportManifest.Graph> graphs = new EnumMap<>(Role.class);
    private final List<String> problems = new ArrayList<>();

    private RunFolder(Path folder, ExportManifest manifest) {
        this.folder = folder;
        this.manifest = manifest;
    }

    /** @throws SpecException listing all that is wrong with {@code export.json} and what it names */
    static RunFolder read(Path folder) {
        var file = folder.resolve(ExportManifest.FILE);
        if (!Files.exists(file) && Files.exists(folder.resolve("spec.json"))) {
            throw new SpecException(folder + ": is an unfinished run; finish it first: ./smalti train --resume --out "
                    + folder + " --data PICTURES");
        }
        if (!Files.exists(file)) {
            throw new SpecException(folder + ": must be the folder of a finished training, and "
                    + (Files.isDirectory(folder) ? "holds no " + ExportManifest.FILE : "is no folder"));
        }
        var run = new RunFolder(folder, RecordTree.read(file, ExportManifest.class));
        run.check();
        if (!run.problems.isEmpty()) {
            throw new SpecException(run.problems).at(file.toString());
        }
        return run;
    }

    ExportManifest manifest() {
        return manifest;
    }

    /** The roles of the graphs, in the order of {@link Role}. */
    Set<Role> roles() {
        return graphs.keySet();
    }

    /** Those that its graphs make. */
    List<Service> services() {
        return Service.ALL.stream()
                .filter(service -> roles().containsAll(service.sources()))
                .toList();
    }

    Signature signature(Role role) {
        return graph(role).signature();
    }

    /** The images [N,C,H,W] that a graph takes and gives. */
    List<TensorSpec> images(Role role) {
        var signature = signature(role);
        return Stream.concat(signature.inputs().stream(), signature.outputs().stream())
                .filter(tensor -> tensor.name().equals("image"))
                .toList();
    }

    Path file(Role role) {
        return folder.resolve(graph(role).file());
    }

    Path calibration() {
        return folder.resolve(manifest.calibration());
    }

    Path heldOut() {
        return folder.resolve(manifest.heldOut());
    }

    private ExportManifest.Graph graph(Role role) {
        var graph = graphs.get(role);
        if (graph == null) {
            throw new IllegalStateException("no graph for " + role);
        }
        return graph;
    }

    private void check() {
        var known = EnumSet.noneOf(Role.class);
        Service.ALL.forEach(service -> known.addAll(service.sources()));
        var names = known.stream().collect(Collectors.toMap(Role::fileStem, role -> role));
        var rules = new RunRules(this);
        manifest.graphs().forEach((name, graph) -> {
            var role = names.get(name);
            if (role == null) {
                rules.problem(
                        "graphs.%s is no graph of a run folder; known are %s",
                        name, known.stream().map(Role::fileStem).collect(Collectors.joining(", ")));
                return;
            }
            graphs.put(role, graph);
            var file = folder.resolve(graph.file());
            if (!file.normalize().startsWith(folder.normalize())) {
                rules.problem("graphs.%s.file must lie in the run folder, got %s", name, graph.file());
            } else if (!Files.isRegularFile(file)) {
                rules.problem("graphs.%s.file: there is no file %s", name, file);
            }
        });
        var served = EnumSet.noneOf(Role.class);
        services().forEach(service -> served.addAll(service.sources()));
        if (!rules.isBroken() && !roles().equals(served)) {
            rules.problem(
                    "graphs must be %s, got %s",
                    Service.ALL.stream().map(RunFolder::listed).collect(Collectors.joining(", or ")),
                    manifest.graphs().keySet());
        }
        if (!rules.isBroken()) {
            services().forEach(service -> service.check(rules));
        }
        problems.addAll(rules.problems());
    }

    /** Such as {@code encoder, codebook, lookup and decoder}. */
    private static String listed(Service service) {
        var names = service.sources().stream().map(Role::fileStem).toList();
        int last = names.size() - 1;
        return last == 0 ? names.get(0) : String.join(", ", names.subList(0, last)) + " and " + names.get(last);
    }
}
