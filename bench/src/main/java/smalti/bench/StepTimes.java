package smalti.bench;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Scanner;
import smalti.spec.SpecException;
import smalti.trainer.Presets;
import smalti.trainer.data.ProceduralPictures;
import smalti.trainer.family.ModelTraining;

/**
 * Times training steps of a preset. After {@code ready} it does as many steps as each line of its input says and prints
 * their milliseconds, so that whoever starts it can let it take turns with another program.
 */
public final class StepTimes {
    private static final int PICTURES = 1000;

    private StepTimes() {}

    /** @param args the preset, and how many steps to do before it is ready */
    public static void main(String[] args) {
        if (args.length != 2) {
            throw new SpecException("arguments must be a preset and a number of first steps, got " + args.length);
        }
        var spec = Presets.named(args[0]);
        var pictures = ProceduralPictures.draw(PICTURES, spec.image().width(), 1);
        var training = ModelTraining.of(spec, pictures, pictures.variance());
        training.begin();
        int done = 0;
        while (done < Integer.parseInt(args[1])) {
            training.step(done++);
        }
        System.out.println("ready");
        var turns = new Scanner(System.in, StandardCharsets.US_ASCII);
        while (turns.hasNextInt()) {
            int steps = turns.nextInt();
            var times = new ArrayList<String>();
            for (int i = 0; i < steps; i++) {
                long began = System.nanoTime();
                training.step(done++);
                times.add(String.format(Locale.ROOT, "%.1f", (System.nanoTime() - began) / 1e6));
            }
            System.out.println(String.join(" ", times));
        }
    }
}
