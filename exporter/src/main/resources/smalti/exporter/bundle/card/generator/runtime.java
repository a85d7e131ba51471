static List<BufferedImage> generate(int count, long seed) {
    try (SmaltiModel model = SmaltiModel.open(Path.of("@NAME@.smalti"))) {
        return model.generator().generate(count, seed@if class@, 0@end@).images();
    }
}
