package smalti.trainer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import smalti.spec.SpecException;
import smalti.spec.file.Unreadable;

/** Checks, before nd4j is touched, that exactly one of its native builds is on the class path and fits the machine. */
public final class NativeBackend {
    private static final String LIBRARY = "org/nd4j/linalg/cpu/nativecpu/bindings/";
    private static final List<String> BUILDS = List.of(
            "linux-x86_64",
            "linux-x86_64-avx2",
            "linux-x86_64-avx512",
            "linux-x86_64-onednn",
            "linux-x86_64-onednn-avx2",
            "linux-x86_64-onednn-avx512",
            "linux-arm64",
            "macosx-x86_64",
            "macosx-x86_64-avx2",
            "macosx-x86_64-onednn",
            "macosx-x86_64-onednn-avx2",
            "macosx-arm64",
            "windows-x86_64",
            "windows-x86_64-avx2",
            "windows-x86_64-onednn",
            "windows-x86_64-onednn-avx2");
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    /** What the processor must have, as Linux names it, for the builds that end so. */
    private record Level(String suffix, List<String> flags) {
        boolean fits(String cpuFlags) {
            return flags.stream().allMatch(flag -> cpuFlags.contains(" " + flag + " "));
        }
    }

    private static final Level AVX512 = new Level("avx512", List.of("avx512f", "avx512bw", "avx512dq", "avx512vl"));
    private static final Level AVX2 = new Level("avx2", List.of("avx2", "fma"));

    private NativeBackend() {}

    /**
     * The build in use, such as {@code linux-x86_64-onednn-avx512}.
     *
     * @throws SpecException if there is none, more than one, or one that this machine cannot run
     */
    public static String require() {
        var found = found(NativeBackend.class.getClassLoader());
        var flags = cpuFlags();
        check(List.copyOf(found.keySet()), System.getProperty("os.name"), System.getProperty("os.arch"), flags);
        return found.keySet().iterator().next();
    }

    private static Map<String, String> found(ClassLoader loader) {
        var found = new LinkedHashMap<String, String>();
        for (var build : BUILDS) {
            for (var file : List.of("libjnind4jcpu.so", "libjnind4jcpu.dylib", "jnind4jcpu.dll")) {
                var resource = loader.getResource(LIBRARY + build + "/" + file);
                if (resource != null) {
                    found.put(build, resource.toString());
                }
            }
        }
        return found;
    }

    /** @param cpuFlags the processor's features as Linux names them; empty where unknown */
    static void check(List<String> builds, String os, String arch, String cpuFlags) {
        var remedy = "add exactly one org.nd4j:nd4j-native:1.0.0-M2.1 with a classifier that fits, such as "
                + best(os, arch, cpuFlags);
        if (builds.isEmpty()) {
            throw new SpecException("class path: must hold one native build of nd4j, got none; " + remedy);
        }
        if (builds.size() > 1) {
            throw new SpecException("class path: must hold one native build of nd4j, got " + builds + "; " + remedy);
        }
        var build = builds.get(0);
        if (!build.startsWith(platform(os, arch))) {
            throw new SpecException("class path: the native build of nd4j must be for " + platform(os, arch) + ", got "
                    + build + "; " + remedy);
        }
        for (var level : List.of(AVX512, AVX2)) {
            if (build.endsWith(level.suffix()) && !cpuFlags.isEmpty() && !level.fits(cpuFlags)) {
                throw new SpecException("class path: " + build + " needs a processor with "
                        + String.join(", ", level.flags()) + ", which this is not; " + remedy);
            }
        }
    }

    private static String best(String os, String arch, String cpuFlags) {
        var platform = platform(os, arch);
        if (!platform.equals("linux-x86_64")) {
            return platform;
        }
        return AVX512.fits(cpuFlags)
                ? platform + "-onednn-avx512"
                : AVX2.fits(cpuFlags) ? platform + "-onednn-avx2" : platform;
    }

    private static String platform(String os, String arch) {
        var name = os.toLowerCase(Locale.ROOT);
        var system = name.startsWith("mac") ? "macosx" : name.startsWith("windows") ? "windows" : "linux";
        return system + (arch.equals("aarch64") || arch.equals("arm64") ? "-arm64" : "-x86_64");
    }

    private static String cpuFlags() {
        try {
            return Files.exists(CPU_INFO) ? Files.readString(CPU_INFO) : "";
        } catch (IOException e) {
            throw Unreadable.because(CPU_INFO, e);
        }
    }
}
