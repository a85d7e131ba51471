package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.SpecException;

class TensorRtCacheTest {
    private static final String SHA = "ab".repeat(32);

    @TempDir
    Path temporary;

    @Test
    void aFolderIsOfOneGraphAndOneKindOfGpu() throws IOException {
        gpu("0000:17:00.0", "NVIDIA H200");
        gpu("0000:65:00.0", "NVIDIA H200");
        Files.writeString(temporary.resolve("version"), """
                NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.124.06  Wed Feb 26 02:06:29 UTC 2025
                GCC version:  gcc version 11.4.0
                """);
        var gpu = TensorRtCache.gpu(1, temporary, null, "1.29.0");
        assertThat(gpu).isEqualTo("gpu1-NVIDIA_H200-driver-570.124.06-onnxruntime-1.29.0");
        assertThat(TensorRtCache.gpu(1, temporary, "1,0", "1.29.0"))
                .isEqualTo("gpu1-NVIDIA_H200-driver-570.124.06-visible-1_0-onnxruntime-1.29.0");
        gpu("0000:b1:00.0", "NVIDIA L4");
        assertThat(TensorRtCache.gpu(0, temporary, null, "1.29.0"))
                .isEqualTo("gpu0-NVIDIA_H200-NVIDIA_L4-driver-570.124.06-onnxruntime-1.29.0");
        var folder = TensorRtCache.folder(temporary.resolve("cache"), SHA, gpu);
        assertThat(folder)
                .isDirectory()
                .isEqualTo(temporary.resolve("cache").resolve(SHA).resolve(gpu).toAbsolutePath());
        assertThat(TensorRtCache.folder(temporary.resolve("cache"), SHA, gpu)).isEqualTo(folder);
    }

    @Test
    void aDriverThatDoesNotTellLeavesTheIndex() {
        assertThat(TensorRtCache.gpu(3, temporary.resolve("none"), " ", "1.29.0"))
                .isEqualTo("gpu3-onnxruntime-1.29.0");
    }

    @Test
    void aFolderThatCannotBeMadeIsNamed() throws IOException {
        var file = Files.writeString(temporary.resolve("file"), "");
        assertThatThrownBy(() -> TensorRtCache.folder(file, SHA, "gpu0"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining(file + ": must be a folder that engines can be kept in")
                .hasMessageContaining("withCache");
    }

    /** As the driver shows one. */
    private void gpu(String bus, String model) throws IOException {
        var folder = Files.createDirectories(temporary.resolve("gpus").resolve(bus));
        Files.writeString(
                folder.resolve("information"),
                "Model: \t\t " + model + "\nIRQ:   \t\t 150\nGPU UUID: \t GPU-0\nDevice Minor: \t 0\n");
    }
}
