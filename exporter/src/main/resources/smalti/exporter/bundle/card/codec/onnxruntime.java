/** @param pixels [1, height, width, @CHANNELS@] */
static byte[] reconstruct(byte[] pixels, long height, long width) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession tokenize = environment.createSession("@NAME@.smalti/tokenize.onnx");
            OrtSession detokenize = environment.createSession("@NAME@.smalti/detokenize.onnx");
            OnnxTensor input = OnnxTensor.createTensor(
                    environment, ByteBuffer.wrap(pixels), new long[] {1, height, width, @CHANNELS@}, OnnxJavaType.UINT8);
            OrtSession.Result codes = tokenize.run(Map.of("pixels", input));
            OrtSession.Result rebuilt = detokenize.run(Map.of("codes", (OnnxTensor) codes.get(0)))) {
        ByteBuffer bytes = ((OnnxTensor) rebuilt.get(0)).getByteBuffer();
        byte[] result = new byte[bytes.remaining()];
        bytes.get(result);
        return result;
    }
}
