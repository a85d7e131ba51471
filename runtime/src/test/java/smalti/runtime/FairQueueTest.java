package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.runtime.Ticket.Slice;

/** Who is next. A request's text is its name; its kind is "k" where it does not matter. */
final class FairQueueTest {
    private static final int SCHEDULES = Boolean.getBoolean("smalti.full") ? 100_000 : 10_000;

    private static final List<Priority> PRIORITIES = List.copyOf(EnumSet.allOf(Priority.class));

    @Test
    void requestsOfOnePriorityGoInTheirOrder() {
        var queue = new FairQueue<String>(new WaitingRoom(Limits.of(1, 100)));
        for (var name : List.of("a", "b", "c", "d")) {
            queue.offer(ticket(name, 1));
        }
        assertThat(names(queue, 3)).containsExactly("a", "b", "c");
        queue.offer(ticket("e", 1));
        assertThat(names(queue, 3)).containsExactly("d", "e");
        assertThat(queue.isEmpty()).isTrue();
    }

    @Test
    void aBatchHoldsOneKind() {
        var queue = new FairQueue<String>(new WaitingRoom(Limits.of(1, 100)));
        queue.offer(ticket("a", "small", 1));
        queue.offer(ticket("B", "large", 1));
        queue.offer(ticket("c", "small", 1));
        queue.offer(ticket("D", "large", 1));
        assertThat(names(queue, 4)).containsExactly("a", "c");
        assertThat(names(queue, 4)).containsExactly("B", "D");
    }

    @Test
    void aLargeRequestIsCutAndLetsOthersHaveTheirTurn() {
        var queue = new FairQueue<String>(new WaitingRoom(Limits.of(1, 100)));
        queue.offer(ticket("large", 40));
        assertThat(names(queue, 8)).containsExactly("large 0-8");
        queue.offer(ticket("one", 1));
        queue.offer(ticket("two", 2));
        assertThat(names(queue, 8)).containsExactly("one", "two 0-2", "large 8-13");
        assertThat(names(queue, 100)).containsExactly("large 13-40");
    }

    @Test
    void callersShareEvenlyWhateverTheyAskFor() {
        var queue = new FairQueue<String>(new WaitingRoom(Limits.of(1, 10_000)));
        for (int i = 0; i < 100; i++) {
            queue.offer(of("greedy", 8));
        }
        for (int i = 0; i < 100; i++) {
            queue.offer(of("modest", 1));
        }
        var served = new HashMap<String, Integer>();
        for (int i = 0; i < 20; i++) {
            queue.take("k", 8).forEach(slice -> served.merge(slice.ticket().request(), slice.count(), Integer::sum));
        }
        assertThat(served.get("modest")).isBetween(72, 88);
        assertThat(served.get("greedy")).isBetween(72, 88);
    }

    @Test
    void whoWasAwaySavesNothingUp() {
        var queue = new FairQueue<String>(new WaitingRoom(Limits.of(1, 10_000)));
        queue.offer(of("early", 1));
        queue.take("k", 1);
        for (int i = 0; i < 500; i++) {
            queue.offer(of("busy", 1));
            queue.take("k", 1);
        }
        for (int i = 0; i < 50; i++) {
            queue.offer(of("early", 1));
            queue.offer(of("busy", 1));
        }
        assertThat(names(queue, 10).stream().filter("early"::equals)).hasSizeBetween(4, 6);
    }

    @Test
    void prioritiesShareByTheirWeightsAndNoneStarves() {
        var queue = new FairQueue<String>(new WaitingRoom(Limits.of(1, 1_000_000)));
        for (int i = 0; i < 2000; i++) {
            for (var priority : Priority.values()) {
                queue.offer(ticket(priority.name(), "k", 1, priority, "", Ticket.NEVER));
            }
        }
        var served = new HashMap<String, Integer>();
        for (int i = 0; i < 1110; i++) {
            queue.take("k", 1).forEach(slice -> served.merge(slice.ticket().request(), 1, Integer::sum));
        }
        assertThat(served.get("HIGH")).isBetween(995, 1005);
        assertThat(served.get("NORMAL")).isBetween(95, 105);
        assertThat(served.get("LOW")).isBetween(9, 11);
    }

    @Test
    void anUrgentRequestGoesBeforeThoseThatWait() {
        var queue = new FairQueue<String>(new WaitingRoom(Limits.of(1, 1000)));
        for (int i = 0; i < 20; i++) {
            queue.offer(ticket("normal", 1));
        }
        queue.take("k", 4);
        queue.offer(ticket("urgent", "k", 1, Priority.HIGH, "", Ticket.NEVER));
        assertThat(names(queue, 2)).containsExactly("urgent", "normal");
    }

    @Test
    void moreThanTheBoundIsRefused() {
        var queue = new FairQueue<String>(new WaitingRoom(Limits.of(1, 10)));
        assertThat(queue.offer(ticket("a", 8))).isEmpty();
        assertThat(queue.offer(ticket("b", 3))).isPresent();
        assertThat(queue.offer(ticket("c", 2))).isEmpty();
        assertThat(queue.offer(ticket("d", 1))).isPresent();
        queue.clear();
        assertThat(queue.offer(ticket("larger than the bound, where nothing waits", 11)))
                .isEmpty();
        assertThat(queue.offer(ticket("e", 1))).isPresent();
    }

    @Test
    void expiredAndWithdrawnRequestsAreGone() {
        var queue = new FairQueue<String>(new WaitingRoom(Limits.of(1, 100)));
        var late = ticket("late", "k", 2, Priority.NORMAL, "", 50);
        var later = ticket("later", "k", 3, Priority.LOW, "", 60);
        var withdrawn = ticket("withdrawn", "k", 4, Priority.NORMAL, "", 55);
        for (var ticket : List.of(late, later, withdrawn, ticket("stays", 5))) {
            queue.offer(ticket);
        }
        assertThat(queue.nextDeadline()).isEqualTo(50);
        assertThat(queue.expire(49)).isEmpty();
        assertThat(queue.expire(50)).containsExactly(late);
        assertThat(late.isEnded()).isTrue();
        queue.withdraw(withdrawn);
        withdrawn.end();
        assertThat(queue.nextDeadline()).isEqualTo(60);
        assertThat(queue.waiting()).isEqualTo(8);
        assertThat(queue.expire(1000)).containsExactly(later);
        assertThat(queue.nextDeadline()).isEqualTo(Ticket.NEVER);
        assertThat(names(queue, 9)).containsExactly("stays 0-5");
    }

    @Test
    void whatIsAheadOfARequestIsKnownBeforehand() {
        var queue = new FairQueue<String>(new WaitingRoom(Limits.of(1, 1000)));
        for (int i = 0; i < 50; i++) {
            assertThat(queue.ahead(ticket("next", 1), 8)).isEqualTo(i);
            queue.offer(ticket("one", 1));
        }
        // ten of each caller's, before the tenth of another's
        queue.clear();
        for (int i = 0; i < 200; i++) {
            queue.offer(of("greedy", 1));
        }
        assertThat(queue.ahead(of("modest", 10), 1)).isEqualTo(11);
        assertThat(queue.ahead(of("greedy", 10), 1)).isEqualTo(200);
        // and one in ten of those that are less urgent
        assertThat(queue.ahead(ticket("urgent", "k", 10, Priority.HIGH, "", Ticket.NEVER), 1))
                .isEqualTo(2);
        assertThat(queue.ahead(ticket("idle", "k", 1, Priority.LOW, "", Ticket.NEVER), 1))
                .isEqualTo(11);
    }

    /** What is told to be ahead of a request is hardly ever less than what is then served before it. */
    @Test
    void whatIsAheadIsNotUnderrated() {
        for (int seed = 0; seed < 1000; seed++) {
            var random = new Random(seed);
            int cap = 1 + random.nextInt(8);
            var queue = new FairQueue<String>(new WaitingRoom(Limits.of(1, 100_000)));
            int others = 1 + random.nextInt(80);
            for (int i = 0; i < others; i++) {
                queue.offer(random(random));
                if (random.nextInt(4) == 0) {
                    queue.take("k", cap);
                }
            }
            var ticket = random(random);
            long told = queue.ahead(ticket, cap);
            assertThat(told).isLessThanOrEqualTo(queue.waiting());
            queue.offer(ticket);
            int before = 0;
            while (ticket.waiting() > 0) {
                for (var slice : queue.take("k", cap)) {
                    before += slice.ticket() == ticket ? 0 : slice.count();
                }
            }
            // the batch of its own last item holds others too
            assertThat(told).as("seed %s", seed).isGreaterThanOrEqualTo(before - 3L * cap);
        }
    }

    private static Ticket<String> random(Random random) {
        var priority = PRIORITIES.get(random.nextInt(PRIORITIES.size()));
        var caller = random.nextBoolean() ? "" : "caller " + random.nextInt(3);
        int items = random.nextInt(5) == 0 ? 1 + random.nextInt(30) : 1 + random.nextInt(4);
        return ticket("any", "k", items, priority, caller, Ticket.NEVER);
    }

    /**
     * Seeded days of a service with servers, deadlines, cancellations and failures, on a clock of their own: every item
     * of every request that is not refused, expired, withdrawn or failed is run exactly once, in order within its
     * request; the bound holds; nothing is dispatched after its deadline; a server is never idle while something waits.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void schedulesHoldTheirRules(int servers) {
        for (int seed = 0; seed < SCHEDULES / 4; seed++) {
            new Day(servers, 1_000_003L * servers + seed).run();
        }
    }

    /** One simulated service. */
    private static final class Day {
        private final Random random;
        private final int bound;
        private final int cap;
        private final FairQueue<String> queue;
        private final List<Server> servers;
        private final List<Ticket<String>> all = new ArrayList<>();
        private final Map<Ticket<String>, BitSet> run = new HashMap<>();
        private final String place;
        private long now;
        private int oversize;

        Day(int servers, long seed) {
            this.random = new Random(seed);
            this.bound = 1 + random.nextInt(60);
            this.cap = 1 + random.nextInt(12);
            this.queue = new FairQueue<>(new WaitingRoom(Limits.of(1, bound)));
            this.servers =
                    IntStream.range(0, servers).mapToObj(i -> new Server()).toList();
            this.place = servers + " servers, seed " + seed;
        }

        void run() {
            for (int event = 0; event < 120; event++) {
                now += random.nextInt(8);
                finish();
                if (random.nextInt(10) < 7) {
                    arrive();
                } else if (random.nextInt(4) == 0) {
                    withdraw();
                }
                dispatch();
                assertThat(queue.waiting()).as(place).isLessThanOrEqualTo(Math.max(bound, oversize));
                assertThat(queue.waiting()).as(place).isEqualTo(waiting());
            }
            while (!queue.isEmpty() || servers.stream().anyMatch(server -> !server.batch.isEmpty())) {
                now += 50;
                finish();
                dispatch();
            }
            for (var ticket : all) {
                boolean complete = itemsRun(ticket).cardinality() == ticket.items();
                boolean givenUp = itemsRun(ticket).get(ticket.items());
                assertThat(ticket.isEnded())
                        .as("%s: %s ended", place, ticket.request())
                        .isTrue();
                assertThat(complete || givenUp)
                        .as("%s: all of %s", place, ticket.request())
                        .isTrue();
            }
            assertThat(queue.nextDeadline()).as(place).isEqualTo(Ticket.NEVER);
        }

        private BitSet itemsRun(Ticket<String> ticket) {
            return Objects.requireNonNull(run.get(ticket));
        }

        private int waiting() {
            return all.stream()
                    .filter(ticket -> !ticket.isEnded())
                    .mapToInt(Ticket::waiting)
                    .sum();
        }

        private void arrive() {
            var priority = PRIORITIES.get(random.nextInt(PRIORITIES.size()));
            var caller = random.nextBoolean() ? "" : "caller " + random.nextInt(3);
            long deadline = random.nextInt(3) == 0 ? now + random.nextInt(60) : Ticket.NEVER;
            int items = random.nextInt(6) == 0 ? 1 + random.nextInt(80) : 1 + random.nextInt(5);
            var ticket = new Ticket<>(
                    "request " + all.size(),
                    Demand.of("kind " + random.nextInt(3), items),
                    priority,
                    caller,
                    now,
                    deadline);
            boolean roomy = queue.isEmpty() || queue.waiting() + items <= bound;
            assertThat(queue.offer(ticket).isEmpty()).as(place).isEqualTo(roomy);
            if (roomy) {
                if (items > bound) {
                    oversize = Math.max(oversize, items);
                }
                all.add(ticket);
                run.put(ticket, new BitSet());
            }
        }

        private void withdraw() {
            if (!all.isEmpty()) {
                giveUp(all.get(random.nextInt(all.size())));
            }
        }

        private void giveUp(Ticket<String> ticket) {
            if (!ticket.isEnded()) {
                queue.withdraw(ticket);
                ticket.end();
                givenUp(ticket);
            }
        }

        private void givenUp(Ticket<String> ticket) {
            // by a bit beyond its items
            itemsRun(ticket).set(ticket.items(), ticket.items() + 1);
        }

        private void finish() {
            for (var server : servers) {
                if (server.until > now) {
                    continue;
                }
                boolean failed = random.nextInt(20) == 0;
                for (var slice : server.batch) {
                    if (failed && random.nextBoolean()) {
                        giveUp(slice.ticket());
                    } else {
                        slice.ticket().finish(slice.count());
                    }
                }
                server.batch = List.of();
            }
        }

        private void dispatch() {
            queue.expire(now).forEach(this::givenUp);
            for (var server : servers) {
                if (!server.batch.isEmpty() || queue.isEmpty()) {
                    continue;
                }
                server.batch = queue.take(Objects.requireNonNull(queue.next()).kind(), cap);
                server.until = now + 1 + random.nextInt(20);
                server.batch.forEach(this::dispatched);
                check(server.batch);
            }
        }

        private void dispatched(Slice<String> slice) {
            var items = itemsRun(slice.ticket());
            assertThat(items.nextClearBit(0))
                    .as("%s: the next of %s", place, slice)
                    .isEqualTo(slice.first());
            items.set(slice.first(), slice.first() + slice.count());
            assertThat(slice.ticket().deadline()).as("%s: %s", place, slice).isGreaterThan(now);
            assertThat(slice.ticket().isEnded()).as("%s: %s", place, slice).isFalse();
        }

        private void check(List<Slice<String>> batch) {
            assertThat(batch).as(place).isNotEmpty();
            assertThat(batch.stream().mapToInt(Slice::count).sum()).as(place).isBetween(1, cap);
            assertThat(batch.stream().map(slice -> slice.ticket().kind()).distinct())
                    .as(place)
                    .hasSize(1);
            int room = cap - batch.stream().mapToInt(Slice::count).sum();
            var kind = batch.get(0).ticket().kind();
            var heads = new HashSet<List<Object>>();
            boolean more = all.stream()
                    .filter(ticket -> !ticket.isEnded() && ticket.waiting() > 0)
                    // a caller's requests of one priority keep their order
                    .filter(ticket -> heads.add(List.of(ticket.priority(), ticket.caller())))
                    .anyMatch(ticket -> ticket.kind().equals(kind));
            assertThat(room > 0 && more)
                    .as("%s: room left where more waits", place)
                    .isFalse();
        }
    }

    private static final class Server {
        private List<Slice<String>> batch = List.of();
        private long until;
    }

    /** The next batch: names, with the items where a request has several. */
    private static List<String> names(FairQueue<String> queue, int most) {
        return queue.take(Objects.requireNonNull(queue.next()).kind(), most).stream()
                .map(slice -> slice.ticket().request()
                        + (slice.ticket().items() == 1
                                ? ""
                                : " " + slice.first() + "-" + (slice.first() + slice.count())))
                .toList();
    }

    private static Ticket<String> ticket(String name, int items) {
        return ticket(name, "k", items);
    }

    private static Ticket<String> ticket(String name, String kind, int items) {
        return ticket(name, kind, items, Priority.NORMAL, "", Ticket.NEVER);
    }

    private static Ticket<String> of(String caller, int items) {
        return ticket(caller, "k", items, Priority.NORMAL, caller, Ticket.NEVER);
    }

    private static Ticket<String> ticket(
            String name, String kind, int items, Priority priority, String caller, long deadline) {
        return new Ticket<>(name, Demand.of(kind, items), priority, caller, 0, deadline);
    }
}
