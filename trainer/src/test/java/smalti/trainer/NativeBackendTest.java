package smalti.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import smalti.spec.SpecException;

class NativeBackendTest {
    private static final String AVX2 = "flags : fma avx2 sse \n";

    @Test
    void theBuildOfThisBuildFits() {
        assertThat(NativeBackend.require()).isNotEmpty();
    }

    @Test
    void oneThatFitsIsTaken() {
        assertThatCode(() -> NativeBackend.check(List.of("linux-x86_64-onednn-avx2"), "Linux", "amd64", AVX2))
                .doesNotThrowAnyException();
        assertThatCode(() -> NativeBackend.check(List.of("macosx-arm64"), "Mac OS X", "aarch64", ""))
                .doesNotThrowAnyException();
    }

    @Test
    void noneManyAndMisfitsAreRefusedWithARemedy() {
        refused(
                List.of(),
                "got none; add exactly one org.nd4j:nd4j-native:1.0.0-M2.1 with a classifier that fits, such as linux-x86_64-onednn-avx2");
        refused(
                List.of("linux-x86_64", "linux-x86_64-avx2"),
                "must hold one native build of nd4j, got [linux-x86_64, linux-x86_64-avx2]");
        refused(
                List.of("linux-x86_64-onednn-avx512"),
                "needs a processor with avx512f, avx512bw, avx512dq, avx512vl, which this is not");
        refused(List.of("windows-x86_64"), "must be for linux-x86_64, got windows-x86_64");
    }

    private static void refused(List<String> builds, String message) {
        assertThatThrownBy(() -> NativeBackend.check(builds, "Linux", "amd64", AVX2))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining(message);
    }
}
