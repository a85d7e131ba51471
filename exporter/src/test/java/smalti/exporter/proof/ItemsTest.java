package smalti.exporter.proof;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What is no answer is an error, before memory is asked for. */
final class ItemsTest {
    @Test
    void wordsAreNoAnswer() {
        // its first four bytes are a length of 0x23200A23, 589 million
        assertThatThrownBy(() -> Items.readText(in("# \n# A fatal error".getBytes(StandardCharsets.US_ASCII))))
                .isInstanceOf(EOFException.class);
        assertThatThrownBy(() -> Items.readText(in(new byte[] {-1, 0, 0, 0})))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("a text must have 0 or more bytes");
    }

    @Test
    void anArrayOfAnotherSizeThanItsShapeIsNoAnswer() throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(1);
            for (var text : new String[] {"y", "ARRAY", "FLOAT32"}) {
                Items.writeText(text, out);
            }
            out.writeInt(1);
            out.writeLong(3);
            out.writeInt(Integer.MAX_VALUE);
        }
        assertThatThrownBy(() -> Items.read(in(bytes.toByteArray()), ByteBuffer::allocate))
                .isInstanceOf(IOException.class)
                .hasMessage("an array must have 12 bytes, got 2147483647");
    }

    private static DataInputStream in(byte[] bytes) {
        return new DataInputStream(new ByteArrayInputStream(bytes));
    }
}
