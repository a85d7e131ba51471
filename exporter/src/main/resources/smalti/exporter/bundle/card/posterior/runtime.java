static BufferedImage another(BufferedImage picture, long seed) {
    try (SmaltiModel model = SmaltiModel.open(Path.of("@NAME@.smalti"))) {
        Posterior posterior = model.posterior()@if class@.ofClass(0)@end@;
        Distributions distributions = posterior.encode(List.of(picture));
        return posterior.decode(posterior.sample(distributions, seed)).image(0);
    }
}
