package smalti.trainer.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import smalti.spec.SpecException;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Contracts;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.bundle.Provenance;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.Checksums;
import smalti.spec.file.NpyArray;
import smalti.spec.file.RecordTree;
import smalti.spec.model.ModelSpec;
import smalti.trainer.data.Dataset;
import smalti.trainer.data.Pictures;
import smalti.trainer.family.ModelTraining;
import smalti.trainer.report.RunReport;

/** Writes what the exporter needs: the inference graphs, pictures, and {@code export.json} after all of them. */
record ExportWriter(Path run, ModelSpec spec, Dataset data) {
    private static final int KEPT_PICTURES = 256;

    /** Bytes of the pictures that are kept. */
    long pictureBytes() {
        return 2L * KEPT_PICTURES * data.train().pictureBytes();
    }

    /** Whether the inference graphs of this very spec are written, and all else after them. */
    boolean isWritten() {
        if (!Files.exists(run.resolve(ExportManifest.FILE)) || !Files.exists(run.resolve(RunReport.FILE))) {
            return false;
        }
        try {
            var manifest = RecordTree.read(run.resolve(ExportManifest.FILE), ExportManifest.class);
            return manifest.provenance().equals(provenance())
                    && manifest.graphs().values().stream().allMatch(graph -> Files.exists(run.resolve(graph.file())));
        } catch (SpecException damaged) {
            return false;
        }
    }

    void write(ModelTraining training) throws IOException {
        // that of an earlier, shorter training must not stand beside graphs of this one
        Files.deleteIfExists(run.resolve(ExportManifest.FILE));
        var graphs = new LinkedHashMap<String, ExportManifest.Graph>();
        for (var entry : training.inference().entrySet()) {
            var file = entry.getKey().fileStem() + ".fb";
            AtomicFiles.writeFile(run.resolve(file), entry.getValue()::save);
            graphs.put(
                    entry.getKey().fileStem(),
                    new ExportManifest.Graph(file, entry.getValue().signature()));
        }
        writePictures("calibration", data.train());
        writePictures("held-out", data.heldOut());
        var range = training.pixelRange();
        var image = spec.image();
        var contracts = new ArrayList<Contract>();
        contracts.add(new Contract.Pixels(image.height(), image.width(), image.channels(), range.lo(), range.hi()));
        contracts.addAll(training.contracts());
        var manifest = new ExportManifest(
                ExportManifest.FORMAT,
                spec.name(),
                graphs,
                Contracts.of(contracts),
                "calibration.npy",
                "held-out.npy",
                provenance());
        AtomicFiles.writeString(run.resolve(ExportManifest.FILE), RecordTree.json(manifest));
    }

    private Provenance provenance() {
        var versions = new LinkedHashMap<String, String>();
        versions.put("smalti", version());
        versions.put("nd4j", "1.0.0-M2.1");
        return new Provenance(
                RecordTree.tree(spec).get("model").get("kind").textValue(),
                Checksums.sha256(RecordTree.json(spec).getBytes(StandardCharsets.UTF_8)),
                spec.training().seed(),
                spec.training().steps(),
                data.train().count(),
                data.train().variance(),
                spec.data(),
                versions,
                Pictures.sha256(data.train(), data.heldOut()));
    }

    private static String version() {
        var version = ExportWriter.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    /** Some of them, evenly spread, and where a class is an input the classes of the same ones beside them. */
    private void writePictures(String name, Pictures pictures) throws IOException {
        int count = Math.min(KEPT_PICTURES, pictures.count());
        var spread = new int[count];
        var classes = new long[count];
        for (int i = 0; i < count; i++) {
            spread[i] = (int) ((long) i * pictures.count() / count);
            classes[i] = spec.model().conditional() ? pictures.label(spread[i]) : 0;
        }
        write(
                name + ".npy",
                NpyArray.of(
                        pictures.subset(spread).pixels(),
                        count,
                        pictures.height(),
                        pictures.width(),
                        pictures.channels()));
        if (spec.model().conditional()) {
            write(name + "-classes.npy", NpyArray.of(classes, count));
        }
    }

    private void write(String file, NpyArray array) throws IOException {
        AtomicFiles.writeFile(run.resolve(file), temporary -> {
            try (var out = Files.newOutputStream(temporary)) {
                array.write(out);
            }
        });
    }
}
