package smalti.spec.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Map;
import java.util.zip.ZipException;
import org.junit.jupiter.api.Test;

class IoReasonTest {
    private static final String TEMPORARY = AtomicFiles.UNFINISHED + "a.smalti-17-0b0e4c1e-6d0a-4b8e-9f6f-1f2e3d4c5b6a";

    @Test
    void aReasonIsInAUsersWords() {
        Map.of(
                        new NoSuchFileException("a"), "a does not exist",
                        new FileAlreadyExistsException("a"), "a is a file",
                        new AccessDeniedException("a"), "access to a is denied",
                        new NotDirectoryException("a"), "a is no folder",
                        new FileSystemException("a", null, "No space left on device"), "the disk is full",
                        new FileSystemException("a", null, "Read-only file system"), "Read-only file system",
                        new FileSystemException("a"), "the file system refuses a",
                        new MalformedInputException(1), "it is not UTF-8 text",
                        new EOFException(), "it ends too early",
                        new ZipException("invalid CEN header (bad signature)"), "it is no ZIP, or a damaged one")
                .forEach((given, words) -> assertThat(IoReason.of(given)).isEqualTo(words));
        assertThat(IoReason.of(new FileNotFoundException("a (Is a directory)"))).isEqualTo("a (Is a directory)");
        assertThat(IoReason.of(new IOException())).isEqualTo("no reason is known");
        assertThat(IoReason.of(new IOException("disk full"))).isEqualTo("disk full");
    }

    @Test
    void theFirstReasonIsGivenWithoutTemporaryNames() {
        var first = new NoSuchFileException("out/" + TEMPORARY + "/x.onnx");
        assertThat(IoReason.of(new IOException("x: could not be written", first)))
                .isEqualTo("out/a.smalti/x.onnx does not exist");
    }
}
