package smalti.exporter.graph;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What follows of the shapes of a node's outputs from what is known of its inputs. */
interface ShapeRule {
    /** The first output has the shape of the first input. */
    ShapeRule SAME = node -> node.shape(0);

    /** Nothing is known of the first output, unless the file says it. */
    ShapeRule UNKNOWN = node -> null;

    /** The shape of the first output; null where it is unknown. */
    @Nullable
    List<Axis> first(KnownNode node);

    /** Gives the shapes of further outputs, when the first is given. */
    default void further(KnownNode node) {}

    /** Names the type of a method, so that more can be said of it. */
    static ShapeRule of(ShapeRule rule) {
        return rule;
    }

    /** The same for the first output, and a rule for the others. */
    default ShapeRule andThen(Consumer<KnownNode> others) {
        var first = this;
        return new ShapeRule() {
            @Override
            public @Nullable List<Axis> first(KnownNode node) {
                return first.first(node);
            }

            @Override
            public void further(KnownNode node) {
                others.accept(node);
            }
        };
    }
}
