package smalti.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.SpecException;
import smalti.spec.file.NpyArray;
import smalti.spec.file.Npz;

class CheckpointTest {
    @TempDir
    private Path run;

    private Map<String, NpyArray> written() throws IOException {
        new Checkpoint(7, 0.1, Map.of("weights", new float[] {1, Float.MIN_VALUE})).write(run);
        return new LinkedHashMap<>(Npz.read(run.resolve(Checkpoint.FILE), Integer.MAX_VALUE));
    }

    private Checkpoint read(Map<String, NpyArray> arrays) throws IOException {
        Npz.write(run.resolve(Checkpoint.FILE), arrays);
        return Checkpoint.read(run);
    }

    @Test
    void itComesBackToTheBitAndSoDoesOneWithoutAFormat() throws IOException {
        var arrays = written();
        assertThat(arrays).containsKeys("format", "step", "seconds", "weights");
        arrays.remove("format");
        for (var checkpoint : new Checkpoint[] {read(written()), read(arrays)}) {
            assertThat(checkpoint.step()).isEqualTo(7);
            assertThat(checkpoint.seconds()).isEqualTo(0.1);
            assertThat(checkpoint.arrays()).containsOnlyKeys("weights");
            assertThat(checkpoint.arrays().get("weights")).containsExactly(1, Float.MIN_VALUE);
        }
    }

    @Test
    void aLaterFormatIsRefusedWithTheRemedy() throws IOException {
        var arrays = written();
        arrays.put("format", NpyArray.of(new long[] {2}, 1));
        arrays.put("step", NpyArray.of(new float[] {2}, 1));
        assertThatThrownBy(() -> read(arrays))
                .isInstanceOf(SpecException.class)
                .hasMessage(
                        run.resolve(Checkpoint.FILE) + ": format must be at most 1, got 2; it was written by a later"
                                + " Smalti: go on with that one, or train anew");
        arrays.put("format", NpyArray.of(new float[] {1}, 1));
        assertThatThrownBy(() -> read(arrays))
                .isInstanceOf(SpecException.class)
                .hasMessageEndingWith("checkpoint.npz: format must be one whole number");
    }
}
