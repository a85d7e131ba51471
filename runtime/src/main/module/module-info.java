/**
 * A bundle to codes and images, on ONNX Runtime. ONNX Runtime and Micrometer are automatic modules, whose names their jars
 * give.
 */
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"})
module smalti.runtime {
    requires transitive java.desktop;
    requires transitive micrometer.core;
    requires transitive micrometer.observation;
    requires transitive smalti.spec;
    requires com.microsoft.onnxruntime;
    requires micrometer.commons;
    requires org.slf4j;
    requires static org.jspecify;

    exports smalti.runtime;
}
