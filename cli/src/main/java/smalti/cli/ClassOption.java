package smalti.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The class of pictures that a conditional model is given. */
final class ClassOption {
    @Option(
            names = "--class",
            paramLabel = "CLASS",
            description =
                    "Name or number of the class of all pictures, where the model is conditional; default: that of "
                            + "the folder that a picture lies in, or that its file holds; of generated pictures all in "
                            + "turn.")
    @Nullable
    String name;
}
