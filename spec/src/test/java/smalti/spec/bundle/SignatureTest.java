package smalti.spec.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.spec.SpecException;
import smalti.spec.model.Samples;

class SignatureTest {
    @ParameterizedTest
    @ValueSource(strings = {"64", "N", "4*h", "123456789", "2*past_1"})
    void dimensionsReadWhatTheyPrint(String text) {
        assertThat(Dimension.parse(text)).hasToString(text);
    }

    @Test
    void dimensionsAreFixedOrFree() {
        assertThat(Dimension.parse("64")).isEqualTo(Dimension.of(64));
        assertThat(Dimension.parse("64").isFixed()).isTrue();
        assertThat(Dimension.parse("64").name()).isEmpty();
        assertThat(Dimension.parse("N")).isEqualTo(Dimension.free("N"));
        assertThat(Dimension.parse("1*N")).isEqualTo(Dimension.free("N"));
        assertThat(Dimension.parse("4*h").factor()).isEqualTo(4);
        assertThat(Dimension.parse("4*h").name()).contains("h");
        assertThat(Dimension.parse("4*h").isFixed()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "0", "0*h", "4*", "*h", "4h", "4*4", "h*4", " N", "1.5", "1234567890", "N-1"})
    void otherTextsAreNoDimensions(String text) {
        assertThatThrownBy(() -> Dimension.parse(text))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith("must be a size, a name or SIZE*NAME, got ");
    }

    @Test
    void aSizeMayBeNothing() {
        assertThat(Dimension.of(0)).hasToString("0");
        assertThat(Dimension.of(0).isFixed()).isTrue();
        assertThatThrownBy(() -> new Dimension(0, "h")).isInstanceOf(SpecException.class);
        assertThatThrownBy(() -> Dimension.of(-1)).isInstanceOf(SpecException.class);
    }

    @Test
    void tensorsAreFoundByName() {
        var signature = Samples.SIGNATURE;
        assertThat(signature.input("image").type()).isEqualTo(ElementType.FLOAT32);
        assertThat(signature.output("codes").shape()).hasSize(3);
        assertThat(signature).hasToString("image [N,3,4*h,4*w] float32 → codes [N,h,w] int64");
        assertThatThrownBy(() -> signature.input("codes"))
                .isInstanceOf(SpecException.class)
                .hasMessage("no tensor \"codes\" in [image [N,3,4*h,4*w] float32]");
    }

    @Test
    void aSignatureHasInputsAndOutputs() {
        assertThatThrownBy(() -> new Signature(List.of(), List.of()))
                .isInstanceOf(SpecException.class)
                .hasMessage("inputs must not be empty\noutputs must not be empty");
        assertThatThrownBy(() -> TensorSpec.of("", ElementType.UINT8, "N")).hasMessage("name must not be empty");
    }

    @Test
    void elementTypesKnowTheirSize() {
        assertThat(ElementType.FLOAT32.bytes()).isEqualTo(4);
        assertThat(ElementType.INT64.bytes()).isEqualTo(8);
        assertThat(ElementType.UINT8.bytes()).isEqualTo(1);
    }

    @Test
    void rolesAreNamedForFiles() {
        assertThat(Role.GENERATOR_FLOAT.fileStem()).isEqualTo("generator-float");
        assertThat(Role.ENCODER.fileStem()).isEqualTo("encoder");
    }

    @Test
    void dimensionsAreEqualByFactorAndName() {
        assertThat(Dimension.parse("4*h")).isEqualTo(new Dimension(4, "h")).hasSameHashCodeAs(new Dimension(4, "h"));
        assertThat(Dimension.parse("4*h"))
                .isNotEqualTo(Dimension.parse("2*h"))
                .isNotEqualTo(Dimension.parse("4*w"))
                .isNotEqualTo(Dimension.of(4))
                .isNotEqualTo("4*h");
        assertThat(Dimension.of(4)).isEqualTo(Dimension.parse("4"));
    }
}
