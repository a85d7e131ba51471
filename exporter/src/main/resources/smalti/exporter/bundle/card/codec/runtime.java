static BufferedImage reconstruct(BufferedImage picture) {
    try (SmaltiModel model = SmaltiModel.open(Path.of("@NAME@.smalti"))) {
        Codec codec = model.codec();
        Codes codes = codec.encode(picture);
        return codec.decode(codes).image(0);
    }
}
