package smalti.exporter.lowering;

import static smalti.spec.bundle.ElementType.FLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;
import static smalti.spec.bundle.ElementType.INT32;
import static smalti.spec.bundle.ElementType.INT64;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoublePredicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.nd4j.linalg.indexing.conditions.Condition;
import org.nd4j.linalg.indexing.conditions.Conditions;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.TensorSpec;

/** Choices, conditions and bounds. */
final class SelectionCases {
    private static final ElementType[] NUMBERS = {FLOAT32, FLOAT64, FLOAT16, INT32, INT64};

    private final List<OpCase> cases = new ArrayList<>();

    static Stream<OpCase> all() {
        var made = new SelectionCases();
        made.choices();
        made.conditions();
        made.bounds();
        made.orders();
        return made.cases.stream();
    }

    private void choices() {
        cases.addAll(new OpCase(
                        "Where",
                        "three inputs",
                        List.of(TensorSpec.of("a", FLOAT32, "N h 3"), TensorSpec.of("b", FLOAT32, "N h 3")),
                        OpCases.PICTURES,
                        Map.of(),
                        (g, in) -> g.where(
                                        in.apply("a"),
                                        in.apply("b"),
                                        in.apply("a").gt(in.apply("b")))
                                .rename("y"),
                        in -> Map.of("y", OpCases.get(in, "a").with(OpCases.get(in, "b"), Math::max)),
                        0,
                        null)
                .of(NUMBERS));
        cases.addAll(Cases.one("Where", "places", "3 4", (g, x) -> g.where(x.gt(0)), x -> {
                    var places = new ArrayList<double[]>();
                    for (int i = 0; i < 12; i++) {
                        if (x.data[i] > 0) {
                            places.add(new double[] {Math.floorDiv(i, 4), i % 4});
                        }
                    }
                    var all = new Doubles(places.size(), 2);
                    for (int i = 0; i < all.data.length; i++) {
                        all.data[i] = places.get(i / 2)[i % 2];
                    }
                    return all;
                })
                .of(FLOAT32, FLOAT64));
    }

    private void conditions() {
        condition("equal", () -> Conditions.equals(0.5), v -> v == 0.5);
        condition("not equal", () -> Conditions.notEquals(0.5), v -> v != 0.5);
        condition("less", () -> Conditions.lessThan(0.5), v -> v < 0.5);
        condition("greater", () -> Conditions.greaterThan(0.5), v -> v > 0.5);
        condition("at most", () -> Conditions.lessThanOrEqual(0.5), v -> v <= 0.5);
        condition("at least", () -> Conditions.greaterThanOrEqual(0.5), v -> v >= 0.5);
    }

    private void condition(String label, Supplier<Condition> condition, DoublePredicate holds) {
        var some = new ArrayList<OpCase>();
        some.add(Cases.one(
                "car",
                label,
                "N h 3",
                (g, x) -> g.replaceWhere(x, x.mul(3).add(1), condition.get()),
                x -> x.map(v -> holds.test(v) ? 3 * v + 1 : v)));
        some.add(Cases.one(
                "cas",
                label,
                "N h 3",
                (g, x) -> g.replaceWhere(x, 7, condition.get()),
                x -> x.map(v -> holds.test(v) ? 7 : v)));
        some.add(Cases.one(
                "match_condition_transform",
                label,
                "N h 3",
                (g, x) -> g.matchCondition(x, condition.get()),
                x -> x.map(v -> holds.test(v) ? 1 : 0)));
        some.add(Cases.one(
                "match_condition",
                label,
                "N h 3",
                (g, x) -> g.matchConditionCount(x, condition.get()),
                x -> x.reduced(false, xs -> Arrays.stream(xs).filter(holds).count(), 0, 1, 2)));
        some.add(Cases.one(
                "first_index",
                label,
                "N h 3",
                (g, x) -> g.math.firstIndex(x, condition.get(), 2),
                x -> x.reduced(false, xs -> index(xs, holds, false), 2)));
        some.add(Cases.one(
                "last_index",
                label,
                "N h 3",
                (g, x) -> g.math.lastIndex(x, condition.get(), 2),
                x -> x.reduced(false, xs -> index(xs, holds, true), 2)));
        some.forEach(useCase ->
                cases.addAll(useCase.domain("x", v -> Math.rint(2 * v) / 2).of(FLOAT32, FLOAT64)));
    }

    private static double index(double[] xs, DoublePredicate holds, boolean last) {
        double found = -1;
        for (int i = 0; i < xs.length; i++) {
            if (holds.test(xs[i]) && (last || found < 0)) {
                found = i;
            }
        }
        return found;
    }

    private void bounds() {
        cases.addAll(Cases.one(
                        "ClipByValue",
                        "",
                        "N h 3",
                        (g, x) -> g.math.clipByValue(x, -0.5, 0.75),
                        x -> x.map(v -> Math.max(-0.5, Math.min(0.75, v))))
                .of(FLOAT32, FLOAT64, FLOAT16));
        for (double bound : new double[] {0.5, 2, 100}) {
            cases.addAll(Cases.one(
                            "clipbynorm",
                            "all to " + bound,
                            "N h 3",
                            (g, x) -> g.math.clipByNorm(x, bound),
                            x -> clipped(x, bound, false, 0, 1, 2))
                    .within(1e-6)
                    .of(FLOAT32, FLOAT64));
            cases.addAll(Cases.one(
                            "clipbynorm",
                            "axis 2 to " + bound,
                            "N h 3",
                            (g, x) -> g.math.clipByNorm(x, bound, 2),
                            x -> clipped(x, bound, false, 2))
                    .within(1e-6)
                    .of(FLOAT32, FLOAT64));
            cases.addAll(Cases.one(
                            "clipbyavgnorm",
                            "all to " + bound / 10,
                            "N h 3",
                            (g, x) -> g.math.clipByAvgNorm(x, bound / 10),
                            x -> clipped(x, bound / 10, true, 0, 1, 2))
                    .within(1e-6)
                    .of(FLOAT64));
        }
    }

    private static Doubles clipped(Doubles x, double bound, boolean average, int... axes) {
        var factor = x.reduced(
                true,
                xs -> {
                    double norm = Math.sqrt(Arrays.stream(xs).map(v -> v * v).sum()) / (average ? xs.length : 1);
                    return norm > bound ? bound / norm : 1;
                },
                axes);
        return x.with(factor, (a, b) -> a * b);
    }

    private void orders() {
        cases.addAll(Cases.one("ismax", "", "N h 3", (g, x) -> g.math.isMax(x), x -> {
                    var most = new Doubles(x.shape);
                    int place = 0;
                    for (int i = 0; i < x.data.length; i++) {
                        place = x.data[i] > x.data[place] ? i : place;
                    }
                    most.data[place] = 1;
                    return most;
                })
                .of(FLOAT32, FLOAT64));
        for (double slope : new double[] {0, 1}) {
            cases.addAll(Cases.one(
                            "is_non_decreasing",
                            "slope " + slope,
                            "5",
                            (g, x) -> g.math.isNonDecreasing(x.mul(0)
                                    .add(g.constant(org.nd4j.linalg.factory.Nd4j.createFromArray(0f, 1f, 1f, 2f, 3f)
                                            .mul(slope)))),
                            x -> Doubles.scalar(1))
                    .of(FLOAT32));
            cases.addAll(Cases.one(
                            "is_strictly_increasing",
                            "slope " + slope,
                            "5",
                            (g, x) -> g.math.isStrictlyIncreasing(x.mul(0)
                                    .add(g.constant(org.nd4j.linalg.factory.Nd4j.createFromArray(0f, 1f, 2f, 3f, 4f)
                                            .mul(slope)))),
                            x -> Doubles.scalar(slope))
                    .of(FLOAT32));
        }
        cases.addAll(Cases.one("is_numeric_tensor", "", "N h", (g, x) -> g.isNumericTensor(x), x -> Doubles.scalar(1))
                .of(FLOAT32, INT32));
    }
}
