package smalti.exporter.bundle;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.BundleManifest.Proof;
import smalti.spec.bundle.Contracts;
import smalti.spec.bundle.Role;
import smalti.spec.file.NpyArray;

/**
 * What a bundle can be asked for: all that an export does for it. A bundle holds any set of services; nothing else in
 * the exporter knows one from another.
 */
interface Service {
    /** The services that there are. */
    List<Service> ALL = List.of(new CodecService(), new PosteriorService(), new GeneratorService());

    /** Those whose graphs a bundle holds. */
    static List<Service> of(BundleManifest bundle) {
        return ALL.stream()
                .filter(service -> service.served().stream()
                        .allMatch(role -> bundle.graphs().containsKey(role.fileStem())))
                .toList();
    }

    /** The graphs of a run folder that it is made of, in the order of {@link Role}. */
    Set<Role> sources();

    /** The graphs of a bundle that it runs, which take or give uint8 pixels. */
    Set<Role> served();

    /** What it wants of a run, beside files for {@link #sources}. */
    void check(RunRules run);

    /**
     * The graphs of a bundle, besides those of the run folder or in their place.
     *
     * @param graphs of the run folder
     */
    Map<Role, Graph> stitch(Stitcher stitcher, Map<Role, Graph> graphs);

    /**
     * The contracts of the bundle.
     *
     * @param trained those of the run
     * @param models of the bundle
     */
    Contracts contracts(Contracts trained, Map<Role, Model> models);

    /**
     * Compares each of its graphs with what the run's graphs make.
     *
     * @param graphs of the run folder, lowered
     * @param folder of the exported graphs
     * @throws smalti.exporter.proof.ProofException listing every graph that does not do what its source does
     */
    Map<Role, Proof> prove(Trained run, Stitcher stitcher, Map<Role, Graph> graphs, Path folder) throws IOException;

    /** The most pictures in {@link #paritySamples}. */
    int PARITY_SAMPLES = 2;

    /** Inputs of {@link #served} and what the run's graphs make of them, as {@link BundleManifest#PARITY_FILE} has them. */
    Map<String, NpyArray> paritySamples(Trained run) throws IOException;

    /** {@link #served} in every precision, with what they make of pictures. */
    ServedGraphs variants(Trained run, Map<Role, Model> models) throws IOException;

    /** Its part of the bundle's model card. */
    CardSection card(BundleManifest manifest);
}
