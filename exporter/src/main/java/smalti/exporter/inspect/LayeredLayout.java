package smalti.exporter.inspect;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/**
 * Places the boxes of an acyclic graph in layers, each below those that it is linked from, with few crossings and links
 * as straight as they can be.
 *
 * <p>Sources: Sugiyama, Tagawa, Toda 1981 (layers, a stand-in wherever a link passes a layer, barycentres); Brandes and
 * Köpf 2001 (coordinates). Links of one port share their way.
 */
final class LayeredLayout {
    /** A box's outer size, room for its labels included. */
    record Box(double width, double height) {}

    /** @param port of the box that it leaves; those of one port hold the same value */
    record Link(int from, int port, int to) {}

    /**
     * A straight piece between neighbouring layers.
     *
     * @param from a box, or a stand-in: the number of boxes or more
     * @param to likewise
     */
    record Piece(int from, int to, Link link) {}

    private static final double BETWEEN_BOXES = 22;
    private static final double BETWEEN_LAYERS = 44;
    private static final double STAND_IN_WIDTH = 6;
    private static final int SWEEPS = 14;
    private static final int MOST_STAND_INS = 12_000;

    private final List<Box> boxes;
    private final int count;
    private final int[] layer;
    private final List<Piece> pieces = new ArrayList<>();
    private final List<Link> cut = new ArrayList<>();
    private final List<Integer> standInLayers = new ArrayList<>();
    private int[][] order = new int[0][];
    private int[] place = new int[0];
    private int[][] above = new int[0][];
    private int[][] below = new int[0][];
    private double[] x = new double[0];
    private double[] top = new double[0];
    private double[] bottom = new double[0];
    private double width;

    private LayeredLayout(List<Box> boxes, int[] layer) {
        this.boxes = boxes;
        this.count = boxes.size();
        this.layer = layer;
    }

    /** @param links each from a box to a later one */
    static LayeredLayout of(List<Box> boxes, List<Link> links) {
        var layout = new LayeredLayout(boxes, layers(boxes.size(), links));
        layout.route(links);
        layout.neighbours();
        layout.arrange();
        layout.coordinates();
        return layout;
    }

    /** As high as possible; what takes nothing, just above the first that takes it. */
    private static int[] layers(int count, List<Link> links) {
        var layer = new int[count];
        var below = new int[count];
        Arrays.fill(below, Integer.MAX_VALUE);
        var hasAbove = new boolean[count];
        var sorted = new ArrayList<>(links);
        sorted.sort((one, other) -> Integer.compare(one.from(), other.from()));
        for (var link : sorted) {
            layer[link.to()] = Math.max(layer[link.to()], layer[link.from()] + 1);
            hasAbove[link.to()] = true;
        }
        for (var link : sorted) {
            below[link.from()] = Math.min(below[link.from()], layer[link.to()]);
        }
        for (int box = 0; box < count; box++) {
            if (!hasAbove[box] && below[box] != Integer.MAX_VALUE) {
                layer[box] = below[box] - 1;
            }
        }
        return layer;
    }

    private void route(List<Link> links) {
        int longest = Integer.MAX_VALUE;
        for (int most : new int[] {Integer.MAX_VALUE, 256, 64, 16, 4, 1}) {
            longest = most;
            if (standIns(links, most) <= MOST_STAND_INS) {
                break;
            }
        }
        var ways = new HashMap<Long, Map<Integer, Integer>>();
        var sorted = new ArrayList<>(links);
        sorted.sort((one, other) -> Integer.compare(layer[one.to()], layer[other.to()]));
        for (var link : sorted) {
            if (span(link) > longest) {
                cut.add(link);
                continue;
            }
            var way = ways.computeIfAbsent(port(link), unseen -> new LinkedHashMap<>());
            int from = link.from();
            for (int at = layer[link.from()] + 1; at < layer[link.to()]; at++) {
                var next = way.get(at);
                if (next == null) {
                    next = count + standInLayers.size();
                    standInLayers.add(at);
                    way.put(at, next);
                    pieces.add(new Piece(from, next, link));
                }
                from = next;
            }
            pieces.add(new Piece(from, link.to(), link));
        }
    }

    private int span(Link link) {
        return layer[link.to()] - layer[link.from()];
    }

    private static long port(Link link) {
        return (long) link.from() << 32 | link.port();
    }

    private long standIns(List<Link> links, int longest) {
        var spans = new HashMap<Long, Integer>();
        for (var link : links) {
            if (span(link) <= longest) {
                spans.merge(port(link), span(link) - 1, Math::max);
            }
        }
        return spans.values().stream().mapToLong(Integer::longValue).sum();
    }

    private int vertices() {
        return count + standInLayers.size();
    }

    private int layerOf(int vertex) {
        return vertex < count ? layer[vertex] : standInLayers.get(vertex - count);
    }

    private boolean isStandIn(int vertex) {
        return vertex >= count;
    }

    private void neighbours() {
        var up = new ArrayList<List<Integer>>();
        var down = new ArrayList<List<Integer>>();
        for (int i = 0; i < vertices(); i++) {
            up.add(new ArrayList<>());
            down.add(new ArrayList<>());
        }
        for (var piece : pieces) {
            if (!up.get(piece.to()).contains(piece.from())) {
                up.get(piece.to()).add(piece.from());
                down.get(piece.from()).add(piece.to());
            }
        }
        above = arrays(up);
        below = arrays(down);
    }

    private static int[][] arrays(List<List<Integer>> lists) {
        return lists.stream()
                .map(list -> list.stream().mapToInt(Integer::intValue).toArray())
                .toArray(int[][]::new);
    }

    private void arrange() {
        int layers = 0;
        for (int vertex = 0; vertex < vertices(); vertex++) {
            layers = Math.max(layers, layerOf(vertex) + 1);
        }
        var start = new ArrayList<List<Integer>>();
        for (int i = 0; i < layers; i++) {
            start.add(new ArrayList<>());
        }
        // depth first, so that what belongs together starts side by side
        var seen = new boolean[vertices()];
        var stack = new ArrayDeque<Integer>();
        for (int first = 0; first < vertices(); first++) {
            if (above[first].length == 0) {
                stack.push(first);
            }
            while (!stack.isEmpty()) {
                int vertex = stack.pop();
                if (!seen[vertex]) {
                    seen[vertex] = true;
                    start.get(layerOf(vertex)).add(vertex);
                    for (int i = below[vertex].length - 1; i >= 0; i--) {
                        stack.push(below[vertex][i]);
                    }
                }
            }
        }
        order = arrays(start);
        place = new int[vertices()];
        number();
        var best = copy(order);
        long fewest = crossings();
        for (int sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
            boolean down = sweep % 2 == 0;
            for (int i = 0; i < layers; i++) {
                sort(order[down ? i : layers - 1 - i], down ? above : below);
            }
            long now = crossings();
            if (now < fewest) {
                fewest = now;
                best = copy(order);
            }
        }
        order = best;
        number();
    }

    private static int[][] copy(int[][] order) {
        return Arrays.stream(order).map(int[]::clone).toArray(int[][]::new);
    }

    private void number() {
        for (var row : order) {
            for (int i = 0; i < row.length; i++) {
                place[row[i]] = i;
            }
        }
    }

    /** By the mean place of the neighbours; what has none stays where it is. */
    private void sort(int[] row, int[][] neighbours) {
        var means = new HashMap<Integer, Double>();
        for (int vertex : row) {
            double sum = 0;
            for (int neighbour : neighbours[vertex]) {
                sum += place[neighbour];
            }
            int degree = neighbours[vertex].length;
            means.put(vertex, degree == 0 ? (double) place[vertex] : sum / degree);
        }
        var sorted = new ArrayList<Integer>();
        for (int vertex : row) {
            sorted.add(vertex);
        }
        sorted.sort((one, other) -> Double.compare(means.getOrDefault(one, 0.0), means.getOrDefault(other, 0.0)));
        for (int i = 0; i < row.length; i++) {
            row[i] = sorted.get(i);
            place[row[i]] = i;
        }
    }

    /** Of pieces between neighbouring layers, counted by a tree of sums. */
    private long crossings() {
        long crossings = 0;
        for (int i = 1; i < order.length; i++) {
            var tree = new long[order[i - 1].length + 1];
            long seen = 0;
            for (int vertex : order[i]) {
                for (int upper : above[vertex]) {
                    long notRight = 0;
                    for (int at = place[upper] + 1; at > 0; at -= at & -at) {
                        notRight += tree[at];
                    }
                    crossings += seen - notRight;
                }
                for (int upper : above[vertex]) {
                    seen++;
                    for (int at = place[upper] + 1; at < tree.length; at += at & -at) {
                        tree[at]++;
                    }
                }
            }
        }
        return crossings;
    }

    private void coordinates() {
        var conflicts = conflicts();
        var four = new double[4][];
        for (int i = 0; i < 4; i++) {
            four[i] = aligned(i < 2, i % 2 == 0, conflicts);
        }
        balance(four);
        tighten();
        double least = Double.POSITIVE_INFINITY;
        for (int vertex = 0; vertex < vertices(); vertex++) {
            least = Math.min(least, x[vertex] - widthOf(vertex) / 2);
        }
        for (int vertex = 0; vertex < vertices(); vertex++) {
            x[vertex] -= least;
            width = Math.max(width, x[vertex] + widthOf(vertex) / 2);
        }
        top = new double[order.length];
        bottom = new double[order.length];
        double y = 0;
        for (int i = 0; i < order.length; i++) {
            top[i] = y;
            for (int vertex : order[i]) {
                if (!isStandIn(vertex)) {
                    y = Math.max(y, top[i] + boxes.get(vertex).height());
                }
            }
            bottom[i] = y;
            y += BETWEEN_LAYERS;
        }
    }

    private double widthOf(int vertex) {
        return isStandIn(vertex) ? STAND_IN_WIDTH : boxes.get(vertex).width();
    }

    private long key(int one, int other) {
        return (long) Math.min(one, other) * vertices() + Math.max(one, other);
    }

    /** The pieces that would bend a link on its way past layers. */
    private Set<Long> conflicts() {
        var conflicts = new HashSet<Long>();
        for (int i = 1; i < order.length; i++) {
            int left = 0;
            int done = 0;
            for (int at = 0; at < order[i].length; at++) {
                int vertex = order[i][at];
                int passing = isStandIn(vertex) && isStandIn(above[vertex][0]) ? above[vertex][0] : -1;
                if (at == order[i].length - 1 || passing >= 0) {
                    int right = passing >= 0 ? place[passing] : order[i - 1].length - 1;
                    for (; done <= at; done++) {
                        for (int upper : above[order[i][done]]) {
                            if (place[upper] < left || place[upper] > right) {
                                conflicts.add(key(upper, order[i][done]));
                            }
                        }
                    }
                    left = right;
                }
            }
        }
        return conflicts;
    }

    /** One of the four extreme alignments. */
    private double[] aligned(boolean down, boolean left, Set<Long> conflicts) {
        int layers = order.length;
        var neighbours = down ? above : below;
        IntUnaryOperator at = vertex -> left ? place[vertex] : order[layerOf(vertex)].length - 1 - place[vertex];
        var root = new int[vertices()];
        var next = new int[vertices()];
        Arrays.setAll(root, vertex -> vertex);
        Arrays.setAll(next, vertex -> vertex);
        for (int i = 0; i < layers; i++) {
            var row = order[down ? i : layers - 1 - i];
            int last = -1;
            for (int k = 0; k < row.length; k++) {
                int vertex = row[left ? k : row.length - 1 - k];
                var near = Arrays.stream(neighbours[vertex])
                        .boxed()
                        .sorted((one, other) -> Integer.compare(at.applyAsInt(one), at.applyAsInt(other)))
                        .toList();
                for (int m = (near.size() - 1) / 2; m <= near.size() / 2 && m < near.size(); m++) {
                    int other = near.get(m);
                    if (next[vertex] == vertex
                            && last < at.applyAsInt(other)
                            && !conflicts.contains(key(other, vertex))) {
                        next[other] = vertex;
                        root[vertex] = root[other];
                        next[vertex] = root[vertex];
                        last = at.applyAsInt(other);
                    }
                }
            }
        }
        var compact = compacted(root, left);
        var result = new double[vertices()];
        for (int vertex = 0; vertex < vertices(); vertex++) {
            result[vertex] = left ? compact[root[vertex]] : -compact[root[vertex]];
        }
        return result;
    }

    /** Blocks of aligned vertices as far left as their neighbours let them, then as far right as the next ones do. */
    private double[] compacted(int[] root, boolean left) {
        var after = new ArrayList<Map<Integer, Double>>();
        for (int i = 0; i < vertices(); i++) {
            after.add(new LinkedHashMap<>());
        }
        var waiting = new int[vertices()];
        for (var row : order) {
            for (int k = 1; k < row.length; k++) {
                int one = row[left ? k - 1 : row.length - k];
                int other = row[left ? k : row.length - 1 - k];
                double apart = (widthOf(one) + widthOf(other)) / 2 + BETWEEN_BOXES;
                after.get(root[one]).merge(root[other], apart, Math::max);
            }
        }
        after.forEach(nexts -> nexts.keySet().forEach(block -> waiting[block]++));
        var ready = new ArrayDeque<Integer>();
        for (int vertex = 0; vertex < vertices(); vertex++) {
            if (root[vertex] == vertex && waiting[vertex] == 0) {
                ready.add(vertex);
            }
        }
        var at = new double[vertices()];
        var sorted = new ArrayList<Integer>();
        while (!ready.isEmpty()) {
            int block = ready.poll();
            sorted.add(block);
            after.get(block).forEach((other, apart) -> {
                at[other] = Math.max(at[other], at[block] + apart);
                if (--waiting[other] == 0) {
                    ready.add(other);
                }
            });
        }
        for (int i = sorted.size() - 1; i >= 0; i--) {
            int block = sorted.get(i);
            double most = Double.POSITIVE_INFINITY;
            for (var next : after.get(block).entrySet()) {
                most = Math.min(most, at[next.getKey()] - next.getValue());
            }
            at[block] = most < Double.POSITIVE_INFINITY ? Math.max(at[block], most) : at[block];
        }
        return at;
    }

    /** The mean of the two middle ones of four alignments, once all lean on the narrowest. */
    private void balance(double[][] four) {
        int narrowest = 0;
        var least = new double[4];
        var most = new double[4];
        for (int i = 0; i < 4; i++) {
            least[i] = Double.POSITIVE_INFINITY;
            most[i] = Double.NEGATIVE_INFINITY;
            for (int vertex = 0; vertex < vertices(); vertex++) {
                least[i] = Math.min(least[i], four[i][vertex] - widthOf(vertex) / 2);
                most[i] = Math.max(most[i], four[i][vertex] + widthOf(vertex) / 2);
            }
            if (most[i] - least[i] < most[narrowest] - least[narrowest]) {
                narrowest = i;
            }
        }
        x = new double[vertices()];
        for (int vertex = 0; vertex < vertices(); vertex++) {
            var places = new double[4];
            for (int i = 0; i < 4; i++) {
                double shift = i % 2 == 0 ? least[narrowest] - least[i] : most[narrowest] - most[i];
                places[i] = four[i][vertex] + shift;
            }
            Arrays.sort(places);
            x[vertex] = (places[1] + places[2]) / 2;
        }
    }

    /** Moves straight runs of stand-ins towards what they link, as far as their neighbours let them. */
    private void tighten() {
        for (int first = count; first < vertices(); first++) {
            if (isStandIn(above[first][0])) {
                continue;
            }
            var run = new ArrayList<Integer>();
            for (int at = first; ; at = below[at][0]) {
                run.add(at);
                if (below[at].length != 1 || !isStandIn(below[at][0]) || x[below[at][0]] != x[first]) {
                    break;
                }
            }
            double least = Double.NEGATIVE_INFINITY;
            double most = Double.POSITIVE_INFINITY;
            for (int vertex : run) {
                var row = order[layerOf(vertex)];
                int at = place[vertex];
                if (at > 0) {
                    least = Math.max(
                            least, x[row[at - 1]] + (widthOf(row[at - 1]) + STAND_IN_WIDTH) / 2 + BETWEEN_BOXES);
                }
                if (at + 1 < row.length) {
                    most = Math.min(most, x[row[at + 1]] - (widthOf(row[at + 1]) + STAND_IN_WIDTH) / 2 - BETWEEN_BOXES);
                }
            }
            var last = below[run.get(run.size() - 1)];
            double wanted = (x[above[first][0]] + x[last[0]]) / 2;
            if (least <= most) {
                double moved = Math.max(least, Math.min(most, wanted));
                run.forEach(vertex -> x[vertex] = moved);
            }
        }
    }

    /** Between neighbouring layers; those of a long link lie on stand-ins. */
    List<Piece> pieces() {
        return pieces;
    }

    /** Too long to be drawn among so many. */
    List<Link> cut() {
        return cut;
    }

    /** The middle of a box or stand-in. */
    double x(int vertex) {
        return x[vertex];
    }

    double top(int vertex) {
        return top[layerOf(vertex)];
    }

    /** Where the layer ends; a box may end before. */
    double bottom(int vertex) {
        return bottom[layerOf(vertex)];
    }

    double width() {
        return width;
    }

    double height() {
        return bottom.length == 0 ? 0 : bottom[bottom.length - 1];
    }
}
