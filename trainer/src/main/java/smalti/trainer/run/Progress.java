package smalti.trainer.run;

/** Tells who listens how the training goes and what a step costs. */
final class Progress implements StepListener {
    private final LoggedFigures logged;
    private final TrainingListener listener;
    private final StepCost cost = new StepCost();

    Progress(LoggedFigures logged, TrainingListener listener) {
        this.logged = logged;
        this.listener = listener;
    }

    @Override
    public void after(Step step) {
        listener.step(step.done(), step.steps(), logged.line());
        cost.step(step.took(), step.steps() - step.done(), listener);
    }
}
