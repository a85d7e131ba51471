/** @param noise [count, @LENGTH@], standard normal@if class@; classes [count]@end@ */
static byte[] generate(float[] noise@if class@, long[] classes@end@) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    long count = noise.length / @LENGTH@;
    try (OrtSession generator = environment.createSession("@NAME@.smalti/generator.onnx");
            OnnxTensor z = OnnxTensor.createTensor(environment, FloatBuffer.wrap(noise), new long[] {count, @LENGTH@});
@if class@            OnnxTensor labels = OnnxTensor.createTensor(environment, LongBuffer.wrap(classes), new long[] {count});
@end@            OrtSession.Result result = generator.run(Map.of("noise", z@if class@, "class", labels@end@))) {
        ByteBuffer bytes = ((OnnxTensor) result.get(0)).getByteBuffer();
        byte[] pixels = new byte[bytes.remaining()];
        bytes.get(pixels);
        return pixels;
    }
}
