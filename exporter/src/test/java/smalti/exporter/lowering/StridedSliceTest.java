package smalti.exporter.lowering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxExporter;
import smalti.exporter.proof.ModelSession;
import smalti.spec.SpecException;
import smalti.spec.file.NpyArray;

/** Strided slices with ellipses, new axes, shrunk axes and masked ends, in all combinations, against NumPy's rules. */
final class StridedSliceTest {
    /** With all combinations of three places; by default every fifth. */
    private static final boolean FULL = Boolean.getBoolean("smalti.full");

    @TempDir
    private Path folder;

    /** One part of {@code x[1:3, ..., np.newaxis, 0]}; what stands in a place where nobody reads it is odd on purpose. */
    private record Place(char kind, long begin, long end, long step, boolean fromFirst, boolean toLast) {}

    private static final List<Place> PLACES = List.of(
            new Place(':', 1, -1, 1, false, false),
            new Place(':', 9, 3, 1, true, false),
            new Place(':', 1, -77, 2, false, true),
            new Place(':', -1, 0, -1, false, false),
            new Place(':', -2, 0, -1, false, true),
            new Place(':', 5, 6, -2, true, true),
            new Place('i', 1, 2, 1, false, false),
            new Place('i', -1, -999, -999, false, false),
            new Place('i', 1, 7, 0, true, true),
            new Place('n', -999, -999, -999, false, false),
            new Place('n', 0, 1, 1, true, true),
            new Place('.', -999, 7, 0, false, false));

    @Test
    void cutsAsNumPyDoes() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 4, 5);
        var cuts = new LinkedHashMap<String, List<Place>>();
        for (int length = 1; length <= 3; length++) {
            for (int index = 0; index < Math.pow(PLACES.size(), length); index += length == 3 && !FULL ? 5 : 1) {
                var places = places(index, length);
                if (count(places, '.') <= 1) {
                    cuts.put(cut(graph, x, places).rename("y" + cuts.size()).name(), places);
                }
            }
        }
        var onnx = folder.resolve("m.onnx");
        var exported = OnnxExporter.export(graph, List.of(), List.of(), onnx, ExportOptions.defaults());
        assertThat(exported.notes()).anyMatch(note -> note.contains("compared with what it documents"));
        for (int batch : new int[] {3, 6}) {
            var values = new float[batch * 20];
            for (int i = 0; i < values.length; i++) {
                values[i] = i;
            }
            var input = NpyArray.of(values, batch, 4, 5);
            try (var runner = ModelSession.openOnAllCores(onnx)) {
                var outputs = runner.runArrays(Map.of("x", input));
                cuts.forEach((name, places) -> {
                    var actual = Doubles.of(Objects.requireNonNull(outputs.get(name)));
                    var expected = taken(Doubles.of(input), places);
                    assertThat(actual.shape).as("shape of %s", places).isEqualTo(expected.shape);
                    assertThat(actual.data).as("%s", places).isEqualTo(expected.data);
                });
            }
        }
    }

    @Test
    void whatMeansNothingIsRefused() {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 4, 5);
        var ellipsis = PLACES.get(PLACES.size() - 1);
        cut(graph, x, List.of(ellipsis, ellipsis));
        cut(graph, x, List.of(new Place(':', 0, 1, 0, false, false)));
        assertThatThrownBy(() -> OnnxExporter.export(
                        graph, List.of(), List.of(), folder.resolve("m.onnx"), ExportOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("must have one ellipsis at most, got the mask 3")
                .hasMessageContaining("must have steps other than 0, got [0]");
    }

    private static List<Place> places(int index, int length) {
        var places = new ArrayList<Place>();
        for (int rest = index; places.size() < length; rest /= PLACES.size()) {
            places.add(PLACES.get(rest % PLACES.size()));
        }
        return places;
    }

    private static int count(List<Place> places, char kind) {
        return (int) places.stream().filter(place -> place.kind() == kind).count();
    }

    private static SDVariable cut(SameDiff graph, SDVariable x, List<Place> places) {
        int[] masks = new int[5];
        for (int i = 0; i < places.size(); i++) {
            var place = places.get(i);
            boolean[] marks = {
                place.fromFirst(), place.toLast(), place.kind() == '.', place.kind() == 'n', place.kind() == 'i'
            };
            for (int mask = 0; mask < masks.length; mask++) {
                masks[mask] |= marks[mask] ? 1 << i : 0;
            }
        }
        return graph.stridedSlice(
                x,
                places.stream().mapToLong(Place::begin).toArray(),
                places.stream().mapToLong(Place::end).toArray(),
                places.stream().mapToLong(Place::step).toArray(),
                masks[0],
                masks[1],
                masks[2],
                masks[3],
                masks[4]);
    }

    /** Axis by axis: an ellipsis, or the end where there is none, stands for the axes that no place names. */
    private static Doubles taken(Doubles x, List<Place> places) {
        var whole = new Place(':', 0, 0, 1, true, true);
        int unnamed = x.shape.length - count(places, ':') - count(places, 'i');
        var spread = new ArrayList<Place>();
        for (var place : places) {
            spread.addAll(place.kind() == '.' ? Collections.nCopies(unnamed, whole) : List.of(place));
        }
        var result = x;
        int axis = 0;
        for (var place : spread) {
            var sizes = new ArrayList<>(IntStream.of(result.shape).boxed().toList());
            switch (place.kind()) {
                case 'n' -> {
                    sizes.add(axis++, 1);
                    result = result.reshaped(array(sizes));
                }
                case 'i' -> {
                    int size = sizes.remove(axis);
                    result = result.taken(axis, Math.floorMod(place.begin(), size))
                            .reshaped(array(sizes));
                }
                default -> {
                    result = result.taken(axis, indices(place, sizes.get(axis)));
                    axis++;
                }
            }
        }
        return result;
    }

    private static int[] indices(Place place, int size) {
        long begin = place.begin() < 0 ? place.begin() + size : place.begin();
        long end = place.end() < 0 ? place.end() + size : place.end();
        var indices = IntStream.range(0, size)
                .filter(i -> {
                    int at = place.step() > 0 ? i : size - 1 - i;
                    boolean isAfter = place.fromFirst() || (place.step() > 0 ? at >= begin : at <= begin);
                    return isAfter && (place.toLast() || (place.step() > 0 ? at < end : at > end));
                })
                .map(i -> place.step() > 0 ? i : size - 1 - i)
                .toArray();
        return IntStream.range(0, indices.length)
                .filter(i -> i % Math.abs(place.step()) == 0)
                .map(i -> indices[i])
                .toArray();
    }

    private static int[] array(List<Integer> sizes) {
        return sizes.stream().mapToInt(size -> size).toArray();
    }
}
