package smalti.exporter.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.exporter.inspect.LayeredLayout.Box;
import smalti.exporter.inspect.LayeredLayout.Link;

/** No box lies on another, and every link leads down. */
final class LayeredLayoutTest {
    private static List<Box> boxes(int count, Random random) {
        var boxes = new ArrayList<Box>();
        for (int i = 0; i < count; i++) {
            boxes.add(new Box(40 + random.nextInt(160), 24 + random.nextInt(90)));
        }
        return boxes;
    }

    private static List<Box> boxes(int count) {
        return boxes(count, new Random(1));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void boxesLieApartAndLinksLeadDown(long seed) {
        var random = new Random(seed);
        int count = 5 + random.nextInt(120);
        var boxes = boxes(count, random);
        var links = new ArrayList<Link>();
        for (int to = 1; to < count; to++) {
            for (int k = random.nextInt(3); k >= 0; k--) {
                links.add(new Link(random.nextInt(to), random.nextInt(2), to));
            }
        }
        var layout = LayeredLayout.of(boxes, links);
        assertThat(layout.cut()).isEmpty();
        for (int one = 0; one < count; one++) {
            assertThat(layout.x(one) - boxes.get(one).width() / 2).isGreaterThanOrEqualTo(-1e-6);
            assertThat(layout.x(one) + boxes.get(one).width() / 2).isLessThanOrEqualTo(layout.width() + 1e-6);
            assertThat(layout.top(one) + boxes.get(one).height()).isLessThanOrEqualTo(layout.height() + 1e-6);
            for (int other = 0; other < one; other++) {
                boolean beside = Math.abs(layout.x(one) - layout.x(other))
                        >= (boxes.get(one).width() + boxes.get(other).width()) / 2;
                boolean below = layout.top(one) >= layout.bottom(other) || layout.top(other) >= layout.bottom(one);
                assertThat(beside || below)
                        .as("boxes %s and %s of seed %s", one, other, seed)
                        .isTrue();
            }
        }
        var reached = new HashSet<Long>();
        for (var piece : layout.pieces()) {
            assertThat(layout.top(piece.to())).isGreaterThan(layout.bottom(piece.from()));
            if (piece.to() < count) {
                reached.add((long) piece.link().from() * count + piece.to());
            }
        }
        var wanted = new HashSet<Long>();
        links.forEach(link -> wanted.add((long) link.from() * count + link.to()));
        assertThat(reached).isEqualTo(wanted);
    }

    @Test
    void aChainIsStraight() {
        var layout = LayeredLayout.of(
                boxes(6),
                List.of(1, 2, 3, 4, 5).stream()
                        .map(to -> new Link(to - 1, 0, to))
                        .toList());
        for (int i = 1; i < 6; i++) {
            assertThat(layout.x(i)).isCloseTo(layout.x(0), within(1e-9));
        }
    }

    /** The plain order would cross once: 0→3 and 1→2. */
    @Test
    void whatNeedNotCrossDoesNot() {
        var layout = LayeredLayout.of(boxes(4), List.of(new Link(0, 0, 3), new Link(1, 0, 2)));
        assertThat((layout.x(0) - layout.x(1)) * (layout.x(3) - layout.x(2))).isPositive();
    }

    /** Every box takes the value of the first ones: a way past every layer for each is more than there is room for. */
    @Test
    void tooManyLongLinksAreCut() {
        var links = new ArrayList<Link>();
        for (int to = 1; to < 1_500; to++) {
            links.add(new Link(to - 1, 0, to));
            links.add(new Link(to / 2, 1, to));
        }
        var layout = LayeredLayout.of(boxes(1_500), links);
        assertThat(layout.cut()).isNotEmpty();
        assertThat(layout.pieces()).hasSizeLessThan(30_000);
    }
}
