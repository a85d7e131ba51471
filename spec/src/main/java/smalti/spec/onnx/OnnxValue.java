package smalti.spec.onnx;

/** An input, an output or a value in between, and its type as the file says it. */
public record OnnxValue(String name, OnnxType type) {}
