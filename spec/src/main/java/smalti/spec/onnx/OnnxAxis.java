package smalti.spec.onnx;

/**
 * One axis of a value as a file says it: unlike a {@link smalti.spec.bundle.Dimension} it may be of size 0, free without a
 * name, or nonsense.
 *
 * @param size where {@code isFixed}, as it stands there, also where it is negative
 * @param name of a free size; empty where it has none
 */
public record OnnxAxis(boolean isFixed, long size, String name) {
    static OnnxAxis of(long size) {
        return new OnnxAxis(true, size, "");
    }

    static OnnxAxis free(String name) {
        return new OnnxAxis(false, -1, name);
    }

    @Override
    public String toString() {
        return isFixed ? Long.toString(size) : name.isEmpty() ? "?" : name;
    }
}
