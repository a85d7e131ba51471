package smalti.spec.model;

/** One learning rate throughout. */
public record ConstantSchedule() implements Schedule {
    @Override
    public double factor(int step, int steps) {
        return 1;
    }
}
