package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import smalti.spec.SpecException;

class DeviceTest {
    @Test
    void defaultsAreTheDocumentedOnes() {
        var cuda = Device.cuda(2);
        assertThat(cuda.index()).isEqualTo(2);
        assertThat(cuda.memoryLimit()).isEqualTo(Device.Cuda.ALL_MEMORY);
        assertThat(cuda.search()).isEqualTo(Device.ConvolutionSearch.HEURISTIC);
        assertThat(cuda.growth()).isEqualTo(Device.ArenaGrowth.AS_REQUESTED);
        assertThat(List.of(cuda.tf32(), cuda.nhwc(), cuda.fuseBias())).containsOnly(false);
        assertThat(cuda.sessionConfig()).isEmpty();
        var tensorRt = Device.tensorrt(1);
        assertThat(tensorRt.cuda()).isEqualTo(Device.cuda(1));
        assertThat(tensorRt.fp16()).isTrue();
        assertThat(tensorRt.workspaceLimit()).isEqualTo(Device.TensorRt.ALL_MEMORY);
        assertThat(tensorRt.sizes()).isEmpty();
        assertThat(tensorRt.cache()).endsWithRaw(Path.of("smalti", "tensorrt"));
        assertThat(Device.auto()).isEqualTo(new Device.Auto(List.of(Device.cuda(0), Device.cpu())));
    }

    @Test
    void eachOptionIsSetAlone() {
        var cuda = Device.cuda(0)
                .withMemoryLimit(1 << 30)
                .withSearch(Device.ConvolutionSearch.EXHAUSTIVE)
                .withGrowth(Device.ArenaGrowth.POWER_OF_TWO)
                .withTf32(true)
                .withNhwc(true)
                .withFuseBias(true)
                .withSessionConfig("ep.cuda.use_env_allocator", "1");
        assertThat(cuda)
                .hasToString("Cuda[index=0, memoryLimit=1073741824, search=EXHAUSTIVE, growth=POWER_OF_TWO, tf32=true,"
                        + " nhwc=true, fuseBias=true, sessionConfig={ep.cuda.use_env_allocator=1}]");
        assertThat(Device.tensorrt(0)
                        .withCuda(Device.cuda(3))
                        .withFp16(false)
                        .withWorkspaceLimit(1 << 28)
                        .withCache(Path.of("engines"))
                        .withSizes("h", 1, 8, 16))
                .hasToString("TensorRt[cuda=" + Device.cuda(3) + ", fp16=false, workspaceLimit=268435456,"
                        + " cache=engines, sizes={h=1 to 16}]");
        assertThat(Device.cpu()
                        .withThreads(3)
                        .withSpread(Device.Spread.WIDE)
                        .withSpin(Duration.ZERO)
                        .withFlushDenormals(true)
                        .withShrink(true))
                .hasToString("Cpu[threads=3, spread=WIDE, spin=PT0S, flushDenormals=true, shrink=true,"
                        + " sessionConfig={}]")
                .isNotEqualTo(Device.cpu());
    }

    @Test
    void devicesCheckThemselves() {
        assertThatThrownBy(() -> Device.cuda(-1)).hasMessage("index must be from 0 to 255, got -1");
        var cuda = Device.cuda(0);
        assertThatThrownBy(() -> cuda.withMemoryLimit(0))
                .hasMessage("memoryLimit must be at least 1048576 bytes, got 0");
        for (var wrong : List.of(
                List.of("session.disable_prepaking", "1"),
                List.of("session.disable_prepacking", "yes"),
                List.of("session.dynamic_block_base", "-4"),
                List.of("session.intra_op_thread_affinities", "one"),
                List.of("optimization.disable_specified_optimizers", ""))) {
            assertThatThrownBy(() -> cuda.withSessionConfig(wrong.get(0), wrong.get(1)))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining(wrong.get(0));
        }
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
