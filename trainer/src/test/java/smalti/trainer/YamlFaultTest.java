package smalti.trainer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.spec.SpecException;

/** Each fault on the line where a person sees it, and in words that name no parser's events. */
class YamlFaultTest {
    record Case(String yaml, int line, String reason) {}

    static Stream<Case> cases() {
        return Stream.of(
                new Case("preset: vqvae\ntraining:\n\tsteps: 3\n", 3, "a tab stands"),
                new Case("preset: vqvae\nname: a: b\n", 2, "a colon stands where no key can"),
                new Case("preset: vqvae\n  steps: 3\n", 2, "a colon stands where no key can"),
                new Case("preset: vqvae\ntraining\nname: x\n", 2, "a key must be followed by a colon"),
                new Case("preset: vqvae\nname: 'x\nimage: {}\n", 2, "a quotation mark is opened and not closed"),
                new Case("preset: vqvae\nimage: {height: 8\nname: x\n", 2, "the mapping in { }"),
                new Case("a: 1\nlist: [1, 2\nname: x\n", 2, "the list in [ ]"),
                new Case("preset: vqvae\nname: @x\n", 2, "a value must not begin with @"),
                new Case("preset: vqvae\nname: x\nname: y\n", 3, "the key name is there twice"),
                new Case("preset: &it vqvae\nname: *it\n", 2, "the alias *it is not read"),
                new Case("preset: vqvae\n---\nname: x\n", 3, "a second document begins"),
                new Case("training:\n  steps: 3\n batch: 4\n", 3, "does not fit the lines above"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theReasonAndItsLine(Case one) {
        assertThatThrownBy(() -> SpecFiles.parse(one.yaml(), "m.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith("m.yaml: must be YAML at line " + one.line() + ": ")
                .hasMessageContaining(one.reason())
                .hasMessageNotContaining("<");
    }
}
