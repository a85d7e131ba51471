package smalti.cli;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullMarked;
import smalti.spec.model.Family;

/** Who may know whom. The jars are held to the same by the enforcer rules in the POMs. */
@AnalyzeClasses(packages = "smalti", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String ND4J = "org.nd4j..";
    private static final String PROTOBUF = "com.google.protobuf..";
    private static final String ONNX_RUNTIME = "ai.onnxruntime..";
    private static final String GENERATED = "smalti.exporter.proto";

    @ArchTest
    static final ArchRule specKnowsNoOtherModuleAndNoEngine = noClasses()
            .that()
            .resideInAPackage("smalti.spec..")
            .should()
            .dependOnClassesThat(resideInAPackage("smalti..")
                    .and(not(resideInAPackage("smalti.spec..")))
                    .or(resideInAnyPackage(ND4J, "org.bytedeco..", PROTOBUF, ONNX_RUNTIME)));

    @ArchTest
    static final ArchRule specsPackagesKnowLowerOnesAlone = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("all use")
            .definedBy("smalti.spec")
            .layer("model")
            .definedBy("smalti.spec.model")
            .layer("bundle")
            .definedBy("smalti.spec.bundle")
            .layer("file")
            .definedBy("smalti.spec.file")
            .layer("onnx")
            .definedBy("smalti.spec.onnx")
            .layer("page")
            .definedBy("smalti.spec.page")
            .whereLayer("all use")
            .mayNotAccessAnyLayer()
            .whereLayer("model")
            .mayOnlyAccessLayers("all use")
            .whereLayer("bundle")
            .mayOnlyAccessLayers("all use", "model")
            .whereLayer("file")
            .mayOnlyAccessLayers("all use", "model", "bundle")
            .whereLayer("page")
            .mayOnlyAccessLayers("all use");

    @ArchTest
    static final ArchRule theTrainersRoomsKnowLowerOnesAlone = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("graph")
            .definedBy("smalti.trainer.graph")
            .layer("part")
            .definedBy("smalti.trainer.part")
            .layer("layer")
            .definedBy("smalti.trainer.layer")
            .layer("what a family is made of")
            .definedBy(
                    "smalti.trainer.loss",
                    "smalti.trainer.network",
                    "smalti.trainer.optimizer",
                    "smalti.trainer.quantizer")
            .layer("family")
            .definedBy("smalti.trainer.family")
            .layer("run")
            .definedBy("smalti.trainer.run")
            .layer("training")
            .definedBy("smalti.trainer")
            .whereLayer("training")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("run")
            .mayOnlyBeAccessedByLayers("training")
            .whereLayer("family")
            .mayOnlyBeAccessedByLayers("run", "training")
            .whereLayer("what a family is made of")
            .mayOnlyBeAccessedByLayers("family", "run", "training")
            .whereLayer("layer")
            .mayOnlyBeAccessedByLayers("what a family is made of", "family")
            .whereLayer("graph")
            .mayNotAccessAnyLayer();

    @ArchTest
    static final ArchRule noFamilyIsKnownOutsideTheTrainer = noClasses()
            .that()
            .resideInAnyPackage("smalti.exporter..", "smalti.runtime..", "smalti.cli..")
            .should()
            .dependOnClassesThat()
            .implement(Family.class);

    @ArchTest
    static final ArchRule picturesKnowsSpecAndNoEngine = noClasses()
            .that()
            .resideInAPackage("smalti.pictures..")
            .should()
            .dependOnClassesThat(resideInAPackage("smalti..")
                    .and(not(resideInAnyPackage("smalti.pictures..", "smalti.spec..")))
                    .or(resideInAnyPackage(ND4J, "org.bytedeco..", PROTOBUF, ONNX_RUNTIME)));

    /** Whoever reads a picture file does so by the same rules. */
    @ArchTest
    static final ArchRule oneModuleDecodesPictures = noClasses()
            .that()
            .resideOutsideOfPackage("smalti.pictures..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.twelvemonkeys..")
            .orShould()
            .callMethodWhere(describe(
                    "ImageIO reads",
                    (JavaMethodCall call) -> call.getTargetOwner().isEquivalentTo(javax.imageio.ImageIO.class)
                            && call.getName().matches("read|getImageReaders.*")));

    @ArchTest
    static final ArchRule trainerMeetsTheOthersInFiles = noClasses()
            .that()
            .resideInAPackage("smalti.trainer..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("smalti.exporter..", "smalti.runtime..", "smalti.cli..", PROTOBUF, ONNX_RUNTIME);

    @ArchTest
    static final ArchRule exporterMeetsTheOthersInFiles = noClasses()
            .that()
            .resideInAPackage("smalti.exporter..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("smalti.pictures..", "smalti.trainer..", "smalti.runtime..", "smalti.cli..");

    /** A SameDiff graph → ONNX; any ONNX file; a run → a bundle; a bundle → a consumer's folder. */
    @ArchTest
    static final ArchRule theExportersDoorsKnowLowerOnesAlone = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("graphs")
            .definedBy("smalti.exporter", "smalti.exporter.dl4j")
            .layer("files")
            .definedBy("smalti.exporter.file")
            .layer("bundles")
            .definedBy("smalti.exporter.bundle")
            .layer("deployment")
            .definedBy("smalti.exporter.deployment")
            .layer("what they are made of")
            .definedBy(
                    "smalti.exporter.cost",
                    "smalti.exporter.graph",
                    "smalti.exporter.inspect",
                    "smalti.exporter.lowering",
                    "smalti.exporter.onnx",
                    "smalti.exporter.opset",
                    "smalti.exporter.pass",
                    "smalti.exporter.precision",
                    "smalti.exporter.proof",
                    "smalti.exporter.report",
                    "smalti.exporter.samediff")
            .whereLayer("what they are made of")
            .mayNotAccessAnyLayer()
            .whereLayer("graphs")
            .mayOnlyAccessLayers("what they are made of")
            .whereLayer("files")
            .mayOnlyAccessLayers("what they are made of", "graphs")
            .whereLayer("bundles")
            .mayOnlyAccessLayers("what they are made of", "graphs", "files");

    @ArchTest
    static final ArchRule runtimeMeetsTheOthersInFiles = noClasses()
            .that()
            .resideInAPackage("smalti.runtime..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "smalti.pictures..",
                    "smalti.trainer..",
                    "smalti.exporter..",
                    "smalti.cli..",
                    ND4J,
                    "org.bytedeco..",
                    PROTOBUF);

    @ArchTest
    static void twoExporterPackagesAndTheDoorToThemKnowNd4j(JavaClasses all) {
        assertThat(users(all, "smalti.exporter.*..", resides(ND4J), JavaClass::getPackageName))
                .containsExactlyInAnyOrder("smalti.exporter.samediff", "smalti.exporter.dl4j");
        assertThat(users(all, "smalti.exporter", resides(ND4J), ArchitectureTest::outermost))
                .containsExactly("smalti.exporter.OnnxExporter");
    }

    /** It is an optional dependency: whoever has no such networks has no class of it. */
    @ArchTest
    static void onePackageKnowsDl4j(JavaClasses all) {
        assertThat(users(all, "smalti..", resides("org.deeplearning4j.."), JavaClass::getPackageName))
                .containsExactly("smalti.exporter.dl4j");
    }

    @ArchTest
    static void oneExporterPackageKnowsProtobuf(JavaClasses all) {
        assertThat(users(all, "smalti.exporter..", resides(PROTOBUF, GENERATED), JavaClass::getPackageName))
                .containsExactly("smalti.exporter.onnx");
    }

    @ArchTest
    static void onePackageOfTheExporterAndFourClassesOfTheRuntimeKnowOnnxRuntime(JavaClasses all) {
        assertThat(users(all, "smalti.exporter..", resides(ONNX_RUNTIME), JavaClass::getPackageName))
                .containsExactly("smalti.exporter.proof");
        assertThat(users(all, "smalti.runtime..", resides(ONNX_RUNTIME), ArchitectureTest::outermost))
                .containsExactlyInAnyOrder(
                        "smalti.runtime.OnnxRuntime",
                        "smalti.runtime.OnnxRuntimeReason",
                        "smalti.runtime.SessionPlan",
                        "smalti.runtime.GraphSession");
    }

    /** The layers, losses and quantizers say what they compute through {@code GraphBuilder}, never to SameDiff. */
    @ArchTest
    static final ArchRule operationsAreCreatedInOnePackageOfTheTrainer = noClasses()
            .that(resideInAPackage("smalti.trainer..").and(not(resideInAPackage("smalti.trainer.graph"))))
            .should()
            .callMethodWhere(describe(
                    "the target is nd4j's and makes a variable or an array",
                    (JavaMethodCall call) ->
                            call.getTargetOwner().getPackageName().startsWith("org.nd4j.")
                                    && makesTensor(call.getTarget().getRawReturnType())))
            .orShould()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.nd4j.linalg.factory..", "org.nd4j.linalg.api.ops..", "org.nd4j.autodiff.samediff.ops..");

    /** What waits, waits by {@link System#nanoTime}: a machine's clock may jump, and nobody may expire for that. */
    @ArchTest
    static final ArchRule theRuntimeReadsNoClockThatMayJump = noClasses()
            .that()
            .resideInAPackage("smalti.runtime..")
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching("java\\.time\\.(Clock|Instant|InstantSource|(Local|Zoned|Offset).*)"
                    + "|java\\.util\\.(Date|Calendar|Timer|TimerTask)|java\\.nio\\.file\\.attribute\\.FileTime");

    @ArchTest
    static final ArchRule theCommandAloneWritesToTheConsole =
            noClasses().that().resideOutsideOfPackage("smalti.cli..").should(ACCESS_STANDARD_STREAMS);

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("smalti.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule packagesAreNullMarked =
            classes().that().resideOutsideOfPackage(GENERATED).should(resideInANullMarkedPackage());

    private static boolean makesTensor(JavaClass type) {
        return type.isAssignableTo("org.nd4j.autodiff.samediff.SDVariable")
                || type.isAssignableTo("org.nd4j.autodiff.samediff.SameDiff")
                || type.isAssignableTo("org.nd4j.linalg.api.ndarray.INDArray");
    }

    private static DescribedPredicate<JavaClass> resides(String... packages) {
        return resideInAnyPackage(packages);
    }

    /** The names of the classes in {@code where} that depend on a class that is {@code used}, generated ones left out. */
    private static Set<String> users(
            JavaClasses all, String where, DescribedPredicate<JavaClass> used, Function<JavaClass, String> name) {
        return all.that(resideInAPackage(where).and(not(resideInAPackage(GENERATED)))).stream()
                .filter(user -> user.getDirectDependenciesFromSelf().stream()
                        .anyMatch(dependency -> used.test(dependency.getTargetClass())))
                .map(name)
                .collect(Collectors.toSet());
    }

    private static String outermost(JavaClass nested) {
        return nested.getEnclosingClass().map(ArchitectureTest::outermost).orElse(nested.getName());
    }

    private static ArchCondition<JavaClass> resideInANullMarkedPackage() {
        return new ArchCondition<>("reside in a @NullMarked package") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                boolean marked = type.getPackage().isAnnotatedWith(NullMarked.class);
                events.add(new SimpleConditionEvent(
                        type, marked, type.getPackageName() + " is " + (marked ? "" : "not ") + "@NullMarked"));
            }
        };
    }
}
