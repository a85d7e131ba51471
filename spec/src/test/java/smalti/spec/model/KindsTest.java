package smalti.spec.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import smalti.spec.SpecException;
import smalti.spec.bundle.Contract;
import smalti.spec.file.RecordTree;

/** Kinds of a jar's own, registered as a user's jar does: by META-INF/services of these tests. */
class KindsTest {
    /** The learning rate halves every {@code every} steps. */
    record HalvingSchedule(@Default("1000") int every) implements Schedule {
        @Override
        public double factor(int step, int steps) {
            return Math.pow(0.5, Math.floorDiv(step, every));
        }
    }

    /** An interface that Smalti knows nothing of. */
    interface Colour {}

    record Grey(double level) implements Colour {}

    record Painted(Colour colour, Map<String, Colour> others) {}

    record Unregistered() implements Schedule {
        @Override
        public double factor(int step, int steps) {
            return 1;
        }
    }

    /** As a user's jar has it. */
    public static final class OwnKinds implements SpecKinds {
        @Override
        public List<SpecKind<?>> kinds() {
            return List.of(
                    new SpecKind<>(Schedule.class, "halving", HalvingSchedule.class),
                    new SpecKind<>(Colour.class, "grey", Grey.class));
        }
    }

    @Test
    void aKindOfAnotherJarIsReadAndWritten() {
        var training = new TrainingSpec(5, 2, Samples.ADAM, new HalvingSchedule(7), 0, 0, 1, 1, 0);
        var json = RecordTree.json(training);
        assertThat(json).contains("\"kind\" : \"halving\"");
        assertThat(RecordTree.parse(json, TrainingSpec.class, "spec.json")).isEqualTo(training);
        var painted = new Painted(new Grey(0.5), Map.of("border", new Grey(1)));
        assertThat(RecordTree.parse(RecordTree.json(painted), Painted.class, "spec.json"))
                .isEqualTo(painted);
    }

    @Test
    void anUnknownKindIsRefusedWithThoseKnown() {
        assertThatThrownBy(() -> RecordTree.parse(
                        "{\"colour\": {\"kind\": \"blue\"}, \"others\": {\"a\": {}, \"b\": 7}}", Painted.class, "p"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .containsExactly(
                                        "p: colour.kind must be one of grey, got \"blue\"",
                                        "p: others.a.kind must be one of grey, got nothing",
                                        "p: others.b must be a mapping of keys, got 7"));
        assertThatThrownBy(() -> RecordTree.parse(
                        RecordTree.json(Samples.TRAINING).replace("warmup-cosine", "linear"), TrainingSpec.class, "p"))
                .hasMessage("p: schedule.kind must be one of constant, warmup-cosine, halving, got \"linear\"");
    }

    @Test
    void whatIsNotRegisteredIsNotWritten() {
        var training = new TrainingSpec(5, 2, Samples.ADAM, new Unregistered(), 0, 0, 1, 1, 0);
        assertThatThrownBy(() -> RecordTree.json(training))
                .isInstanceOf(SpecException.class)
                .hasMessage(
                        "smalti.spec.model.KindsTest$Unregistered must be registered as a kind of Schedule to be written,"
                                + " by a smalti.spec.model.SpecKinds; registered are constant, warmup-cosine, halving");
    }

    @Test
    void aNameIsOfOneClass() {
        SpecKinds other = () -> List.of(
                new SpecKind<>(Quantizer.class, "ema", LossQuantizer.class),
                new SpecKind<>(Schedule.class, "constant", Unregistered.class),
                new SpecKind<>(Family.class, "dcgan", DcganFamily.class));
        assertThatThrownBy(() -> Kinds.collect(List.of(new SmaltiKinds(), other)))
                .isInstanceOf(SpecException.class)
                .hasMessage("kind ema of Quantizer must be one class, got smalti.spec.model.EmaQuantizer and"
                        + " smalti.spec.model.LossQuantizer; give one of them another name\n"
                        + "kind constant of Schedule must be one class, got smalti.spec.model.ConstantSchedule and"
                        + " smalti.spec.model.KindsTest$Unregistered; give one of them another name");
    }

    @Test
    void aKindIsARecordOfAnOpenInterface() {
        assertThatThrownBy(() -> new SpecKind<>(Contract.class, "Noise Kind", Contract.class))
                .isInstanceOf(SpecException.class)
                .hasMessage("""
                        a kind must be of an open interface, got Noise Kind of smalti.spec.bundle.Contract
                        the name of a kind must be lower-case words with '-' between, got "Noise Kind"
                        the type of kind Noise Kind must be a record, got smalti.spec.bundle.Contract""");
    }

    @Test
    void contractsAreNamedAfterTheirClasses() {
        assertThat(Kinds.of(Contract.class).keySet())
                .containsExactly("pixels", "codebook", "noise", "classes", "posterior");
    }
}
