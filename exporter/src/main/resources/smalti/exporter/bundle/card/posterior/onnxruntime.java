/** @param pixels [1, @HEIGHT@, @WIDTH@, @CHANNELS@]@if class@; label: its class@end@ */
static byte[] reconstruct(byte[] pixels@if class@, long label@end@) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession posterior = environment.createSession("@NAME@.smalti/posterior.onnx");
            OrtSession generator = environment.createSession("@NAME@.smalti/generator.onnx");
            OnnxTensor input = OnnxTensor.createTensor(
                    environment, ByteBuffer.wrap(pixels), new long[] {1, @HEIGHT@, @WIDTH@, @CHANNELS@}, OnnxJavaType.UINT8);
@if class@            OnnxTensor y = OnnxTensor.createTensor(environment, new long[] {label});
@end@            OrtSession.Result distribution = posterior.run(Map.of("pixels", input@if class@, "class", y@end@));
            OrtSession.Result rebuilt = generator.run(Map.of("noise", (OnnxTensor) distribution.get("mean").get()@if class@, "class", y@end@))) {
        ByteBuffer bytes = ((OnnxTensor) rebuilt.get(0)).getByteBuffer();
        byte[] result = new byte[bytes.remaining()];
        bytes.get(result);
        return result;
    }
}
