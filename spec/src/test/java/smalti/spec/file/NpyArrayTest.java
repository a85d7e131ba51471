package smalti.spec.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import smalti.spec.SpecException;

/** Against files that NumPy 2 wrote: ours are the same, byte for byte, so that it also reads them. */
class NpyArrayTest {
    private static final long MOST = 1 << 20;

    @Test
    void writesAndReadsWhatNumpyWrites() throws IOException {
        var pixels = numpy("|u1", "False", "(1, 2, 3)", "000102030405");
        assertThat(written(NpyArray.of(new byte[] {0, 1, 2, 3, 4, 5}, 1, 2, 3))).isEqualTo(pixels);
        assertThat(read(pixels).bytes()).containsExactly(0, 1, 2, 3, 4, 5);
        assertThat(read(pixels).shape()).containsExactly(1L, 2L, 3L);

        var floats = numpy("<f4", "False", "(3,)", "0000c03f000000c047440300");
        assertThat(written(NpyArray.of(new float[] {1.5f, -2, 3e-40f}, 3))).isEqualTo(floats);
        assertThat(read(floats).floats()).containsExactly(1.5f, -2, 3e-40f);

        var longs = numpy("<i8", "False", "(1, 2)", "010000000000000000000000000000c0");
        assertThat(written(NpyArray.of(new long[] {1, -(1L << 62)}, 1, 2))).isEqualTo(longs);
        assertThat(read(longs).longs()).containsExactly(1, -(1L << 62));

        var scalar = numpy("<i8", "False", "()", "0700000000000000");
        assertThat(written(NpyArray.of(new long[] {7}))).isEqualTo(scalar);
        assertThat(read(scalar).shape()).isEmpty();
    }

    @Test
    void aWholeNumpyFileIsReproduced() throws IOException {
        // np.save of np.arange(6, dtype=np.uint8).reshape(1, 2, 3), not put together here
        var golden = HexFormat.of()
                .parseHex("934e554d5059010076007b276465736372273a20277c7531272c2027666f727472616e5f6f72646572273a"
                        + "2046616c73652c20277368617065273a2028312c20322c2033292c207d2020202020202020202020202020"
                        + "20202020202020202020202020202020202020202020202020202020202020202020202020202020200a00"
                        + "0102030405");
        assertThat(written(NpyArray.of(new byte[] {0, 1, 2, 3, 4, 5}, 1, 2, 3))).isEqualTo(golden);
    }

    @Test
    void emptyAndLargeArraysComeBack() throws IOException {
        assertThat(read(written(NpyArray.of(new float[0], 0, 3))).shape()).containsExactly(0L, 3L);
        var large = new byte[200_000];
        Arrays.fill(large, (byte) 7);
        assertThat(read(written(NpyArray.of(large, 2, 100_000))).bytes()).isEqualTo(large);
    }

    @Test
    void rowsAreThoseOfTheFirstAxis() {
        var rows = NpyArray.of(new long[] {0, 1, 10, 11, 20, 21, 30, 31}, 4, 2).rows(1, 2);
        assertThat(rows.shape()).containsExactly(2L, 2L);
        assertThat(rows.longs()).containsExactly(10, 11, 20, 21);
    }

    @Test
    void whatIsNoSuchArrayIsRefused() throws IOException {
        assertRefused("words, not an array".getBytes(StandardCharsets.US_ASCII), "must be a .npy array of version 1.0");
        assertRefused(new byte[0], "ends too early");
        var whole = numpy("|u1", "False", "(6,)", "000102030405");
        for (int length : new int[] {1, 9, 60, whole.length - 1}) {
            assertRefused(Arrays.copyOf(whole, length), "must be a whole .npy array, but ends too early");
        }
        var second = whole.clone();
        second[6] = 2;
        assertRefused(second, "must be a .npy array of version 1.0");
        assertRefused(numpy("|u1", "True", "(2, 3)", "000301040205"), "must be in C order");
        assertRefused(numpy("<c8", "False", "(1,)", "0000000000000000"), "must be one of <f4, <i8, |u1, <f8");
        assertRefused(numpy("|u1", "False", "(1 2,)", "0001"), "must be in C order with a plain type, got header");
        assertRefused(numpy("|u1", "False", "(2000000,)", ""), "must hold at most 1048576 bytes");
        assertRefused(
                numpy("|u1", "False", "(4294967296, 4294967296, 4294967296)", ""), "the shape must fit a 64-bit size");
        assertRefused(numpy("|u1", "False", "(99999999999999999999999,)", ""), "must");
        var longHeader = whole.clone();
        longHeader[9] = 0x7F;
        assertRefused(longHeader, "the header must have at most 4096 bytes");
    }

    @Test
    void dataMustFillItsShape() {
        assertThatThrownBy(() -> NpyArray.of(new byte[5], 2, 3))
                .isInstanceOf(SpecException.class)
                .hasMessage("data must hold 6 bytes for shape [2, 3], got 5");
    }

    private static void assertRefused(byte[] bytes, String problem) {
        assertThatThrownBy(() -> read(bytes))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith("a.npy: ")
                .hasMessageContaining(problem);
    }

    private static NpyArray read(byte[] bytes) throws IOException {
        return NpyArray.read(new ByteArrayInputStream(bytes), "a.npy", MOST);
    }

    private static byte[] written(NpyArray array) throws IOException {
        var bytes = new ByteArrayOutputStream();
        array.write(bytes);
        return bytes.toByteArray();
    }

    /** As NumPy writes: padded with blanks to 128 bytes. */
    private static byte[] numpy(String descr, String fortran, String shape, String dataHex) throws IOException {
        var header = "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
        header += " ".repeat(117 - header.length()) + "\n";
        var bytes = new ByteArrayOutputStream();
        bytes.write(HexFormat.of().parseHex("934e554d505901007600"));
        bytes.write(header.getBytes(StandardCharsets.US_ASCII));
        bytes.write(HexFormat.of().parseHex(dataHex));
        assertThat(List.of(bytes.size() - dataHex.length() / 2)).containsExactly(128);
        return bytes.toByteArray();
    }
}
