package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * The contract, device by device. The processor's results are equal to the bit. On a GPU sums are added in another
 * order, and by another kernel for each batch size: in FP32 that moves a sample by far less than half a level, so that
 * it may round to the neighbour. TF32 and FP16 have 10 bits of mantissa, 2^-11 of each product: over the test networks'
 * few layers at most a level and a half of 127.5.
 */
class DeviceContractTest {
    private static final double FLOAT32_DISTANCE = 1e-5;
    /** Latents of the test codec are at most 6, each known to 2^-11 of it. */
    private static final double TEN_BITS_DISTANCE = 2e-2;

    @Nested
    class AdaptiveCpu extends DeviceContract {
        AdaptiveCpu() {
            super(Device.cpu().withSpread(Device.Spread.ADAPTIVE), 0, FLOAT32_DISTANCE);
        }
    }

    @Nested
    class WideCpu extends DeviceContract {
        WideCpu() {
            super(Device.cpu().withSpread(Device.Spread.WIDE), 0, FLOAT32_DISTANCE);
        }
    }

    @Nested
    class NarrowCpu extends DeviceContract {
        NarrowCpu() {
            super(Device.cpu().withSpread(Device.Spread.NARROW), 0, FLOAT32_DISTANCE);
        }
    }

    @Nested
    class Cuda extends DeviceContract {
        Cuda() {
            super(Device.cuda(0), 1, FLOAT32_DISTANCE);
        }
    }

    @Nested
    class CudaInTf32 extends DeviceContract {
        CudaInTf32() {
            super(Device.cuda(0).withTf32(true), 2, TEN_BITS_DISTANCE);
        }
    }

    @Nested
    class TensorRt extends DeviceContract {
        TensorRt() {
            super(Device.tensorrt(0).withFp16(false).withCache(CACHE), 1, FLOAT32_DISTANCE);
        }
    }

    @Nested
    class TensorRtInFp16 extends DeviceContract {
        TensorRtInFp16() {
            super(Device.tensorrt(0).withCache(CACHE), 2, TEN_BITS_DISTANCE);
        }
    }

    /** Not a fresh folder: engines for the test networks are made once. */
    private static final Path CACHE = Path.of("target", "tensorrt");

    @Test
    void everyDeviceHasItsContract() {
        var single = new HashSet<Class<?>>(List.of(Device.class.getPermittedSubclasses()));
        // one of several others, which the fallback's test holds
        single.remove(Device.Auto.class);
        assertThat(single).isEqualTo(Set.of(Device.Cpu.class, Device.Cuda.class, Device.TensorRt.class));
        assertThat(Arrays.stream(DeviceContractTest.class.getDeclaredClasses()).map(Class::getSimpleName))
                .contains("AdaptiveCpu", "WideCpu", "NarrowCpu", "Cuda", "CudaInTf32", "TensorRt", "TensorRtInFp16");
    }
}
