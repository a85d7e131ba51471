package smalti.trainer.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import smalti.pictures.PictureTree;
import smalti.pictures.Problems;
import smalti.spec.SpecException;
import smalti.spec.model.DataSpec;
import smalti.spec.model.ImageSpec;

/** What the folders of a tree mean: which pictures train, which are held out, and the class of each. */
final class FolderLayout {
    private static final String TRAIN = "train";
    private static final String TEST = "test";

    /** A picture file and the folder that is its class, or "" where there is none. */
    private record Entry(String file, String className) {}

    private final String place;
    private final List<Entry> train;
    private final List<Entry> test;
    private final List<String> classes;

    private FolderLayout(String place, List<Entry> train, List<Entry> test, List<String> classes) {
        this.place = place;
        this.train = train;
        this.test = test;
        this.classes = classes;
    }

    /** What lies directly in a folder. */
    private record Level(SortedSet<String> folders, SortedSet<String> pictures) {
        static Level of(PictureTree tree, String root) {
            return new Level(directly(tree.folders(), root), directly(tree.pictures(), root));
        }

        private static SortedSet<String> directly(List<String> paths, String root) {
            return paths.stream()
                    .filter(path -> path.startsWith(root))
                    .map(path -> path.substring(root.length()))
                    .filter(path -> path.indexOf('/') < 0)
                    .collect(Collectors.toCollection(TreeSet::new));
        }

        boolean hasPictures() {
            return !pictures.isEmpty();
        }
    }

    /** Passes folders that wrap nothing else: the result is "" or ends in '/'. */
    static String root(PictureTree tree) {
        var root = "";
        while (!IdxFiles.areIn(tree, root)) {
            var level = Level.of(tree, root);
            if (level.folders.size() != 1 || level.hasPictures()) {
                break;
            }
            var only = level.folders.first();
            var below = root + only + "/";
            boolean wraps = only.equals(TRAIN)
                    || IdxFiles.areIn(tree, below)
                    || !Level.of(tree, below).folders.isEmpty();
            if (!wraps) {
                break;
            }
            root = below;
        }
        return root;
    }

    /** Whether there are a part to train on and one to hold out, and all else is not used. */
    static boolean isParted(PictureTree tree, String root) {
        return Level.of(tree, root).folders.containsAll(Set.of(TRAIN, TEST));
    }

    static boolean isOfTrain(String file, String root) {
        return file.startsWith(root + TRAIN + "/");
    }

    static boolean isOfTest(String file, String root) {
        return file.startsWith(root + TEST + "/");
    }

    /** @throws SpecException if the folders fit no known form, or hold no pictures */
    static FolderLayout of(PictureTree tree, String root, LoadListener listener) {
        var level = Level.of(tree, root);
        var problems = new Problems();
        List<Entry> train;
        List<Entry> test = List.of();
        if (isParted(tree, root)) {
            train = part(tree, root + TRAIN + "/", problems);
            test = part(tree, root + TEST + "/", problems);
            level.folders.stream()
                    .filter(folder -> !folder.equals(TRAIN) && !folder.equals(TEST))
                    .forEach(folder -> listener.warning(tree.place(root + folder) + " is not used"));
        } else {
            train = part(tree, root, problems);
        }
        var classes = train.stream().map(Entry::className).distinct().sorted().toList();
        if (problems.count() == 0) {
            test.stream()
                    .map(Entry::className)
                    .distinct()
                    .filter(name -> !classes.contains(name))
                    .forEach(name -> problems.add(
                            name.isEmpty() || classes.contains("")
                                    ? tree.place(root) + ": train and test must both have a folder a class, or neither"
                                    : tree.place(root + TEST + "/" + name) + ": must be a class of train too ("
                                            + String.join(", ", classes) + "), and is not"));
        }
        problems.done();
        return new FolderLayout(tree.place(root), train, test, classes);
    }

    private static List<Entry> part(PictureTree tree, String root, Problems problems) {
        var entries = new ArrayList<Entry>();
        SortedMap<String, Integer> classes = new TreeMap<>();
        Level.of(tree, root).folders.forEach(folder -> classes.put(folder, 0));
        int flat = 0;
        for (var file : tree.pictures()) {
            if (file.startsWith(root)) {
                int slash = file.indexOf('/', root.length());
                var className = slash < 0 ? "" : file.substring(root.length(), slash);
                entries.add(new Entry(file, className));
                if (slash < 0) {
                    flat++;
                } else {
                    classes.merge(className, 1, Integer::sum);
                }
            }
        }
        var place = tree.place(root);
        if (entries.isEmpty()) {
            problems.add(place + ": " + tree.lacking(root));
        } else if (flat == 0) {
            classes.forEach((name, count) -> {
                if (count == 0) {
                    problems.add(tree.place(root + name) + ": a class folder must hold at least 1 picture, got 0");
                }
            });
        } else if (flat < entries.size()) {
            var nested = entries.stream()
                    .filter(entry -> !entry.className.isEmpty())
                    .findFirst()
                    .orElseThrow();
            problems.add(place + ": must hold pictures or class folders, not both; got " + flat
                    + " pictures directly and also " + nested.file.substring(root.length()));
        }
        return entries;
    }

    Dataset load(PictureTree tree, ImageSpec image, DataSpec data, long seed, LoadListener listener) {
        var files = new ArrayList<String>();
        train.forEach(entry -> files.add(entry.file));
        test.forEach(entry -> files.add(entry.file));
        var loaded = new PictureLoader(tree, image, data, listener).load(files);
        var pictures = labelled(loaded, image);
        int trained = (int) loaded.kept().stream().filter(i -> i < train.size()).count();
        requireEnough(pictures, trained);
        return test.isEmpty()
                ? Dataset.split(pictures, data.heldOut(), seed)
                : new Dataset(range(pictures, 0, trained), range(pictures, trained, pictures.count()));
    }

    private Pictures labelled(PictureLoader.Loaded loaded, ImageSpec image) {
        boolean flat = classes.equals(List.of(""));
        var all = new ArrayList<>(train);
        all.addAll(test);
        var entries = loaded.kept().stream().map(all::get).toList();
        var labels = flat
                ? new int[0]
                : entries.stream()
                        .mapToInt(entry -> classes.indexOf(entry.className))
                        .toArray();
        return new Pictures(
                image.height(),
                image.width(),
                image.channels(),
                loaded.pixels(),
                labels,
                flat ? List.of() : classes,
                entries.stream().map(Entry::file).toList(),
                IntStream.range(0, entries.size()).toArray());
    }

    /** Enough pictures must be left after unreadable ones were skipped. */
    private void requireEnough(Pictures pictures, int trained) {
        var problems = new Problems();
        if (test.isEmpty() && trained < 3) {
            problems.add(place + ": must hold at least 3 pictures (2 to train on and 1 to hold out), got " + trained);
        } else if (trained < 2) {
            problems.add(place + ": train must hold at least 2 pictures, got " + trained);
        }
        if (!test.isEmpty() && pictures.count() == trained) {
            problems.add(place + ": test must hold at least 1 readable picture, got 0");
        }
        if (pictures.isLabelled()) {
            var counts = new int[classes.size()];
            for (int i = 0; i < trained; i++) {
                counts[pictures.label(i)]++;
            }
            for (int label = 0; label < counts.length; label++) {
                if (counts[label] == 0) {
                    problems.add(place + ": class " + classes.get(label) + " must have a readable picture, got 0");
                }
            }
        }
        problems.done();
    }

    private static Pictures range(Pictures pictures, int from, int to) {
        return pictures.subset(IntStream.range(from, to).toArray());
    }
}
