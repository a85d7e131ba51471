/** What a user writes, what a bundle holds, and the files both are kept in. */
module smalti.spec {
    requires com.fasterxml.jackson.databind;
    requires java.desktop;
    requires static org.jspecify;

    exports smalti.spec;
    exports smalti.spec.bundle;
    exports smalti.spec.file;
    exports smalti.spec.model;
    exports smalti.spec.onnx;
    exports smalti.spec.page;

    uses smalti.spec.model.SpecKinds;
}
