package smalti.spec;

/** One learning rate throughout. */
public record ConstantSchedule() implements Schedule {
    @Override
    public double factor(int step, int steps) {
        return 1;
    }
}
