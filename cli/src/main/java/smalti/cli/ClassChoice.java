package smalti.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import smalti.spec.SpecException;

/**
 * The classes of a conditional model, as a command line names them.
 *
 * @param place of the bundle, for errors
 * @param names of the classes 0, 1, …; empty where the model has none
 */
record ClassChoice(String place, List<String> names) {
    /** @throws SpecException if the model has no classes, and one was given */
    void requireNone(@Nullable String given) {
        if (names.isEmpty() && given != null) {
            throw new SpecException(place + ": has no classes, but --class was given: " + given);
        }
    }

    /**
     * A class by its name or number.
     *
     * @throws SpecException if there is none or more than one
     */
    int index(String name) {
        int index = names.indexOf(name);
        var alike = IntStream.range(0, names.size())
                .filter(i -> names.get(i).equalsIgnoreCase(name))
                .toArray();
        if (index < 0 && alike.length == 1) {
            index = alike[0];
        }
        if (index < 0 && name.matches("\\d{1,6}") && Integer.parseInt(name) < names.size()) {
            index = Integer.parseInt(name);
        }
        if (index < 0 && alike.length > 1) {
            throw new SpecException(place + ": --class must be one class, and " + name + " is any of "
                    + Arrays.stream(alike).mapToObj(names::get).collect(Collectors.joining(", "))
                    + "; write it as there");
        } else if (index < 0) {
            throw new SpecException(place + ": --class must be one of " + String.join(", ", names)
                    + " or a number from 0 to " + (names.size() - 1) + ", got " + name);
        }
        return index;
    }

    /**
     * The class of each picture: the one that is given for all, or that of the folder that a picture lies in.
     *
     * @param files paths with '/'
     * @return none where the model has no classes
     */
    int[] of(List<String> files, @Nullable String given) {
        requireNone(given);
        if (names.isEmpty()) {
            return new int[0];
        }
        var classes = new int[files.size()];
        if (given != null) {
            Arrays.fill(classes, index(given));
            return classes;
        }
        var problems = new ArrayList<String>();
        for (int i = 0; i < classes.length; i++) {
            classes[i] = folder(files.get(i));
            if (classes[i] < 0) {
                problems.add(files.get(i));
            }
        }
        if (!problems.isEmpty()) {
            throw new SpecException(
                    place + ": is conditional, and each picture must lie in a folder of one of its classes, "
                            + String.join(", ", names) + ", or --class say the class of all; got "
                            + problems.stream().limit(3).collect(Collectors.joining(", "))
                            + (problems.size() > 3 ? " and " + (problems.size() - 3) + " more" : ""));
        }
        return classes;
    }

    private int folder(String file) {
        for (var part : file.toLowerCase(Locale.ROOT).split("/", -1)) {
            for (int i = 0; i < names.size(); i++) {
                if (names.get(i).toLowerCase(Locale.ROOT).equals(part)) {
                    return i;
                }
            }
        }
        return -1;
    }
}
