package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The rooms of the runtime's one package, as its package-info draws them: each class is in one, and knows those of its own
 * and lower rooms alone. docs/adr/0012 says why they are no packages.
 */
@AnalyzeClasses(packages = "smalti.runtime", importOptions = ImportOption.DoNotIncludeTests.class)
class RuntimeRoomsTest {
    /** From the lowest up. */
    @SuppressWarnings("ImmutableEnumChecker") // the sets are copies
    private enum Room {
        /** What users say and are told: options, devices, failures. */
        OPTIONS(
                "ByValue",
                "CpuValues",
                "CudaValues",
                "DeadlineException",
                "Device",
                "Failure",
                "InputException",
                "LoadException",
                "ModelClosedException",
                "ModelHealth",
                "NoNulls",
                "Priority",
                "QueueFullException",
                "RequestOptions",
                "RunException",
                "RuntimeOptions",
                "SessionConfig",
                "TensorRtValues",
                "ThreadBudget"),
        /** The scheduler, which knows no graph. */
        BATCH(
                "Admission",
                "Alarm",
                "BatchCosts",
                "BatchListener",
                "BatchRunner",
                "BatchSettings",
                "BatchThreads",
                "Batcher",
                "CallScope",
                "CallerRunsExecutor",
                "Calls",
                "Demand",
                "Dispatcher",
                "FairQueue",
                "GuardedListener",
                "LentAnswer",
                "Limits",
                "Log",
                "OpenRequests",
                "Pace",
                "Place",
                "Rehearsal",
                "RequestChain",
                "RequestEnds",
                "RunningBatch",
                "SizeCosts",
                "StopSignal",
                "Threads",
                "Ticker",
                "Ticket",
                "WaitingRoom",
                "WarmUp"),
        /** Sessions, devices, placement, and how long a model lives. */
        GRAPH(
                "AloneJob",
                "AloneRunner",
                "AxisNames",
                "BatchSizes",
                "BufferPool",
                "ExternalWeights",
                "GraphJob",
                "GraphRunner",
                "GraphService",
                "GraphSession",
                "GraphSessions",
                "HostTensor",
                "Job",
                "LazyGraph",
                "Leash",
                "Lifecycle",
                "Meters",
                "OnnxRuntime",
                "OnnxRuntimeReason",
                "Placement",
                "ProtobufFields",
                "SelfContainedOnnx",
                "SessionPlan",
                "ShapeBinding",
                "ShapeRange",
                "TensorRtCache"),
        /** What is asked for and answered. */
        VALUES("Codes", "Distributions", "Generation", "ImageRows", "ImageSamples", "Pixels", "Tensor"),
        /** Whether the rows of a file's requests may share a run. */
        ROWS(
                "AloneRequests",
                "BatchAxis",
                "OnnxRequests",
                "OutputCloseness",
                "ProofQueue",
                "RowMixing",
                "RowOperators",
                "RowsProof",
                "RowsRequests",
                "RowsSignature",
                "TrialRow"),
        /** A bundle's files and graphs. */
        BUNDLE("BundleFiles", "BundleGraphs", "BundleRules", "ParityCheck"),
        /** Where users begin. */
        FACES("AnswerStream", "Codec", "Generator", "LiveModel", "OnnxModel", "Posterior", "SmaltiModel");

        private final Set<String> classes;

        Room(String... classes) {
            this.classes = Set.of(classes);
        }
    }

    @ArchTest
    static void everyClassIsInOneRoom(JavaClasses all) {
        var names = all.stream()
                .map(RuntimeRoomsTest::outermost)
                .filter(name -> !name.equals("package-info"))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(Arrays.stream(Room.values()).flatMap(room -> room.classes.stream()))
                .as("classes of rooms, each once")
                .containsExactlyInAnyOrderElementsOf(names);
    }

    @ArchTest
    static void roomsKnowLowerOnesAlone(JavaClasses all) {
        var upward = new TreeSet<String>();
        forEachArrow(all, (from, to) -> {
            if (room(from).compareTo(room(to)) < 0) {
                upward.add(room(from) + " " + outermost(from) + " → " + room(to) + " " + outermost(to));
            }
        });
        assertThat(upward).as("arrows to a room above").isEmpty();
    }

    /** As packages, the rooms below the faces would have these types and members public, to users of the class path too. */
    @ArchTest
    static void theReasonForOnePackageStands(JavaClasses all) {
        var types = new TreeMap<Room, Set<String>>();
        var members = new TreeMap<Room, Set<String>>();
        forEachArrow(all, (from, to) -> {
            if (room(from) != room(to) && !to.getModifiers().contains(JavaModifier.PUBLIC)) {
                types.computeIfAbsent(room(to), room -> new TreeSet<>()).add(to.getName());
            }
        });
        for (var from : all) {
            for (var member : accessed(from).toList()) {
                var to = member.getOwner();
                if (isOurs(to)
                        && room(from) != room(to)
                        && !member.getModifiers().contains(JavaModifier.PUBLIC)) {
                    members.computeIfAbsent(room(to), room -> new TreeSet<>())
                            .add(outermost(to) + "." + member.getName());
                }
            }
        }
        assertThat(count(types))
                .as("types that packages would make public: %s", types)
                .isGreaterThan(20);
        assertThat(members.getOrDefault(Room.OPTIONS, Set.of()))
                .as("members that they would add to the API that users see; of all rooms: %s", members)
                .hasSizeGreaterThan(10);
    }

    private static int count(Map<Room, Set<String>> all) {
        return all.values().stream().mapToInt(Set::size).sum();
    }

    private static void forEachArrow(JavaClasses all, BiConsumer<JavaClass, JavaClass> arrow) {
        for (var from : all) {
            from.getDirectDependenciesFromSelf().stream()
                    .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                    .filter(to -> isOurs(from) && isOurs(to))
                    .forEach(to -> arrow.accept(from, to));
        }
    }

    private static Stream<JavaMember> accessed(JavaClass from) {
        return isOurs(from)
                ? from.getAccessesFromSelf().stream()
                        .map(JavaAccess::getTarget)
                        .flatMap(target -> target.resolveMember().stream())
                : Stream.of();
    }

    private static boolean isOurs(JavaClass type) {
        return type.getPackageName().equals("smalti.runtime")
                && !type.getSimpleName().equals("package-info");
    }

    private static Room room(JavaClass type) {
        return Arrays.stream(Room.values())
                .filter(room -> room.classes.contains(outermost(type)))
                .findFirst()
                .orElseThrow(() -> new AssertionError(type.getName() + " must be in a room"));
    }

    private static String outermost(JavaClass type) {
        return type.getEnclosingClass().map(RuntimeRoomsTest::outermost).orElse(type.getSimpleName());
    }
}
