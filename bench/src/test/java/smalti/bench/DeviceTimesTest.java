package smalti.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import smalti.runtime.Pixels;
import smalti.spec.SpecException;

final class DeviceTimesTest {
    /** By ranks, done by hand: the median of five is the third, 99 of 100 are not above the 99th. */
    @Test
    void aQuantileIsTheLeastTimeThatTheShareIsNotAbove() {
        var five = new long[] {50, 10, 40, 20, 30};
        assertThat(DeviceTimes.quantile(five, 0.5)).isEqualTo(30);
        assertThat(DeviceTimes.quantile(five, 0.99)).isEqualTo(50);
        var hundred = new long[100];
        for (int i = 0; i < hundred.length; i++) {
            hundred[i] = 100L - i;
        }
        assertThat(DeviceTimes.quantile(hundred, 0.99)).isEqualTo(99);
        assertThat(DeviceTimes.quantile(new long[] {7}, 0.5)).isEqualTo(7);
    }

    @Test
    void distanceIsOfSamplesWithoutSign() {
        var distance = DeviceTimes.Distance.of(picture(0, 255, 10, 20), picture(0, 250, 13, 20));
        assertThat(distance.most()).isEqualTo(5);
        assertThat(distance.mean()).isEqualTo(2);
    }

    @Test
    void whatIsNoDeviceIsNamed() {
        assertThatThrownBy(() -> DeviceTimes.main(new String[] {"model.smalti", "gpu", "fp32", "1"}))
                .isInstanceOf(SpecException.class)
                .hasMessage("device must be cpu, cuda or tensorrt, got \"gpu\"");
        assertThatThrownBy(() -> DeviceTimes.main(new String[] {"model.smalti"}))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith("usage: ");
    }

    /** A row of grey samples. */
    private static Pixels picture(int... samples) {
        var bytes = new byte[samples.length];
        for (int i = 0; i < samples.length; i++) {
            bytes[i] = (byte) samples[i];
        }
        return new Pixels(1, 1, samples.length, 1, ByteBuffer.wrap(bytes));
    }
}
