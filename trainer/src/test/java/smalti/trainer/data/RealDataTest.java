package smalti.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import smalti.spec.model.DataSpec;
import smalti.spec.model.ImageSpec;

/** MNIST and CIFAR-10 where they lie in the folder of the system property {@code smalti.data}. */
class RealDataTest {
    private static final DataSpec DATA = new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, 0.1, false);

    @Test
    void mnist() {
        var dataset = Dataset.open(present("mnist"), new ImageSpec(28, 28, 1), DATA, 1, LoadListener.none());
        assertThat(dataset.train().count()).isEqualTo(60000);
        assertThat(dataset.heldOut().count()).isEqualTo(10000);
        assertThat(dataset.train().classes()).hasSize(10);
        // the first labels of the published files
        assertThat(dataset.train().label(0)).isEqualTo(5);
        assertThat(dataset.heldOut().label(0)).isEqualTo(7);
        // the published mean 0.1307 and deviation 0.3081
        assertThat(Math.sqrt(dataset.train().variance())).isBetween(0.3080, 0.3082);
    }

    @Test
    void cifar() {
        assumeTrue(Boolean.getBoolean("smalti.full"), "decodes 60,000 pictures: runs with -Pfull");
        var path = present("cifar10.zip");
        var dataset = Dataset.open(path, new ImageSpec(32, 32, 3), DATA, 1, LoadListener.none());
        assertThat(dataset.train().count()).isEqualTo(50000);
        assertThat(dataset.heldOut().count()).isEqualTo(10000);
        assertThat(dataset.train().classes())
                .containsExactly(
                        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");
        var counts = new int[10];
        for (int i = 0; i < dataset.heldOut().count(); i++) {
            counts[dataset.heldOut().label(i)]++;
        }
        assertThat(counts).containsOnly(1000);
        // CIFAR-10's published deviation is 0.25 over all channels
        assertThat(Math.sqrt(dataset.train().variance())).isBetween(0.24, 0.26);
    }

    private static Path present(String name) {
        var folder = System.getProperty("smalti.data", "");
        assumeTrue(!folder.isBlank(), "no real data: -Dsmalti.data=DIR names the folder of " + name);
        var path = Path.of(folder, name);
        assumeTrue(Files.exists(path), path + " is not there");
        return path;
    }
}
