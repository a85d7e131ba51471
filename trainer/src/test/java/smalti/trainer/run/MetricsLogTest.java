package smalti.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
    @TempDir
    Path run;

    /** One player moves in every step, another in every third. */
    @Test
    void aFiguresMeanIsOverTheStepsThatHaveIt() throws IOException {
        try (var log = new MetricsLog(run, 0, 0)) {
            log.add(Map.of("critic", 1.0, "generator", 6.0));
            log.add(Map.of("critic", 2.0));
            log.add(Map.of("critic", 6.0));
            assertThat(log.flush(3, 1, 4)).isEqualTo(Map.of("critic", 3.0, "generator", 6.0));
        }
    }

    /** A disk that is full after some bytes. */
    private static final class Full implements SeekableByteChannel {
        private final SeekableByteChannel file;
        private int room;

        Full(Path file, int room) throws IOException {
            this.file = Files.newByteChannel(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            this.room = room;
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            if (room == 0) {
                throw new IOException("No space left on device");
            }
            var some = bytes.slice().limit(Math.min(room, bytes.remaining()));
            int written = file.write(some);
            bytes.position(bytes.position() + written);
            room -= written;
            return written;
        }

        @Override
        public int read(ByteBuffer into) throws IOException {
            return file.read(into);
        }

        @Override
        public long position() throws IOException {
            return file.position();
        }

        @Override
        public SeekableByteChannel position(long position) throws IOException {
            file.position(position);
            return this;
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public SeekableByteChannel truncate(long size) throws IOException {
            file.truncate(size);
            return this;
        }

        @Override
        public boolean isOpen() {
            return file.isOpen();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    @Test
    void aFullDiskIsNamedAndLeavesWholeLines() throws IOException {
        var file = run.resolve(MetricsLog.FILE);
        try (var log = new MetricsLog(file, new Full(file, 100), 0)) {
            log.add(Map.of("loss", 0.5));
            log.flush(1, 1, 4);
            log.add(Map.of("loss", 0.25));
            assertThatThrownBy(() -> log.flush(2, 2, 4))
                    .isInstanceOf(IOException.class)
                    .hasMessage(file + ": a line could not be written (the disk is full)");
        }
        assertThat(file).hasContent("{\"step\":1,\"seconds\":1.0,\"imagesPerSecond\":4.0,\"loss\":0.5}\n");
    }

    @Test
    void aResumedLogDropsWhatWillBeSaidAgain() throws IOException {
        try (var log = new MetricsLog(run, 0, 0)) {
            for (int step = 1; step <= 3; step++) {
                log.add(Map.of("loss", 1.0 / step));
                log.flush(step, step, 4);
            }
        }
        var file = run.resolve(MetricsLog.FILE);
        Files.writeString(file, "{\"step\":4,\"lo", StandardOpenOption.APPEND);
        assertThat(MetricsLog.lines(run)).hasSize(3);
        try (var log = new MetricsLog(run, 2, 2)) {
            log.add(Map.of("loss", 7.0));
            log.flush(3, 3, 4);
        }
        assertThat(MetricsLog.lines(run).stream().map(line -> line.figures().get("loss")))
                .containsExactly(1.0, 0.5, 7.0);
        assertThat(file).content().endsWith("}\n");
    }
}
