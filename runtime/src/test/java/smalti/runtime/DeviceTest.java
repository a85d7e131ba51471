package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import smalti.spec.SpecException;

class DeviceTest {
    @Test
    void defaultsAreTheDocumentedOnes() {
        assertThat(Device.cuda(2))
                .isEqualTo(new Device.Cuda(
                        2,
                        Long.MAX_VALUE,
                        Device.ConvolutionSearch.HEURISTIC,
                        Device.ArenaGrowth.AS_REQUESTED,
                        false,
                        false,
                        false,
                        Map.of()));
        assertThat(Device.tensorrt(1).withCache(Path.of("cache")))
                .isEqualTo(new Device.TensorRt(Device.cuda(1), true, Long.MAX_VALUE, Path.of("cache"), Map.of()));
        assertThat(Device.tensorrt(0).cache()).endsWithRaw(Path.of("smalti", "tensorrt"));
        assertThat(Device.auto()).isEqualTo(new Device.Auto(List.of(Device.cuda(0), Device.cpu())));
    }

    @Test
    void eachOptionIsSetAlone() {
        assertThat(Device.cuda(0)
                        .withMemoryLimit(1 << 30)
                        .withSearch(Device.ConvolutionSearch.EXHAUSTIVE)
                        .withGrowth(Device.ArenaGrowth.POWER_OF_TWO)
                        .withTf32(true)
                        .withNhwc(true)
                        .withFuseBias(true)
                        .withSessionConfig("ep.cuda.use_env_allocator", "1"))
                .isEqualTo(new Device.Cuda(
                        0,
                        1 << 30,
                        Device.ConvolutionSearch.EXHAUSTIVE,
                        Device.ArenaGrowth.POWER_OF_TWO,
                        true,
                        true,
                        true,
                        Map.of("ep.cuda.use_env_allocator", "1")));
        var cuda = Device.cuda(3).withTf32(true);
        assertThat(Device.tensorrt(0)
                        .withCuda(cuda)
                        .withFp16(false)
                        .withWorkspaceLimit(1 << 28)
                        .withCache(Path.of("engines"))
                        .withSizes("h", 1, 8, 16)
                        .withSizes("w", 2, 2, 2))
                .isEqualTo(new Device.TensorRt(
                        cuda,
                        false,
                        1 << 28,
                        Path.of("engines"),
                        Map.of("h", new Device.Sizes(1, 8, 16), "w", new Device.Sizes(2, 2, 2))));
    }

    @Test
    void devicesCheckThemselves() {
        assertThatThrownBy(() -> new Device.Cuda(
                        -1,
                        0,
                        Device.ConvolutionSearch.DEFAULT,
                        Device.ArenaGrowth.AS_REQUESTED,
                        false,
                        false,
                        false,
                        Map.of("session.disable_prepaking", "1")))
                .isInstanceOfSatisfying(
                        SpecException.class, e -> assertThat(e.problems()).hasSize(3));
        var tensorRt = Device.tensorrt(0);
        assertThatThrownBy(() -> tensorRt.withWorkspaceLimit(1))
                .isInstanceOf(SpecException.class)
                .hasMessage("workspaceLimit must be at least 1048576 bytes, got 1");
        for (var wrong : List.of(new long[] {0, 1, 2}, new long[] {2, 1, 3}, new long[] {1, 3, 2})) {
            assertThatThrownBy(() -> tensorRt.withSizes("h", wrong[0], wrong[1], wrong[2]))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining("1 <= least <= usual <= most");
        }
        assertThatThrownBy(Device::firstOf).isInstanceOf(SpecException.class).hasMessage("devices must not be empty");
        assertThatThrownBy(() -> Device.firstOf(Device.auto(), Device.cpu()))
                .isInstanceOf(SpecException.class)
                .hasMessage("devices must be single devices, got [auto, cpu]");
    }

    @Test
    void namesTellGpusApart() {
        assertThat(List.of(Device.cpu(), Device.cuda(0), Device.cuda(1), Device.tensorrt(2), Device.auto()))
                .extracting(Device::name)
                .containsExactly("cpu", "cuda:0", "cuda:1", "tensorrt:2", "auto");
    }
}
