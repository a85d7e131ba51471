package smalti.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import smalti.exporter.proof.ProofException;
import smalti.spec.SmaltiException;
import smalti.spec.SpecException;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.IoReason;

/** The {@code smalti} command. */
@Command(
        name = "smalti",
        description = "Trains image models, exports them to ONNX and serves them, all on the JVM.",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        versionProvider = Main.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        sortOptions = false,
        usageHelpAutoWidth = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:something that was given is wrong; the message says what",
            "2:the command line is wrong",
            "3:an error of smalti itself; --debug shows where",
            "130:interrupted, as by Ctrl-C; 143 where asked to end"
        },
        subcommands = {
            DemoCommand.class,
            TrainCommand.class,
            PresetsCommand.class,
            ExportCommand.class,
            ConvertCommand.class,
            InspectCommand.class,
            GenerateCommand.class,
            EncodeCommand.class,
            DecodeCommand.class,
            ReconstructCommand.class,
            InterpolateCommand.class,
            EvaluateCommand.class,
            OptimizeCommand.class,
            QuantizeCommand.class,
            CheckCommand.class,
            DiffCommand.class
        })
public final class Main implements Runnable {
    static final int WRONG_INPUT = 1;
    static final int INTERNAL = 3;

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Show where an error comes from.")
    private boolean debug;

    @CommandLine.Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
    }

    public static void main(String[] arguments) {
        var out = System.out;
        // nd4j prints to standard output, which is ours alone
        System.setOut(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        var console = new Console(out, System.err, Boolean.getBoolean("smalti.terminal"));
        var interruption = new Interruption(console);
        interruption.listen();
        int code = run(console, arguments);
        interruption.waitIfBegun();
        out.flush();
        System.exit(code);
    }

    /** @return the exit code */
    static int run(Console console, String... arguments) {
        console.begins(arguments);
        var main = new Main();
        var line = new CommandLine(main, new CommandFactory(console));
        line.setOut(console.outWriter());
        line.setErr(console.errWriter());
        Values.register(line);
        line.setParameterExceptionHandler((e, given) -> wrongLine(List.of(e), console));
        // so that all that is wrong with a line is said at once
        line.getSubcommands()
                .values()
                .forEach(command -> command.getCommandSpec().parser().collectErrors(true));
        line.setExecutionExceptionHandler((e, command, result) -> main.failed(e, command, console));
        try {
            return line.setExecutionStrategy(parsed -> {
                        var wrong = wrong(parsed);
                        if (!wrong.isEmpty()) {
                            return wrongLine(wrong, console);
                        }
                        console.place(paths(parsed));
                        return new CommandLine.RunLast().execute(parsed);
                    })
                    .execute(arguments);
        } catch (OutOfMemoryError e) {
            console.error(heapIsTooSmall(arguments.length == 0 ? "" : arguments[0]));
            return WRONG_INPUT;
        }
    }

    private static String heapIsTooSmall(String command) {
        return "memory: the Java heap must hold " + held(command)
                + ", and is too small; set SMALTI_HEAP, such as SMALTI_HEAP=8g";
    }

    /** What could not be read of a command line. */
    private static List<CommandLine.ParameterException> wrong(CommandLine.ParseResult parsed) {
        var last = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
        // what is missing is found twice
        var said = new HashSet<String>();
        return last.errors().stream()
                .filter(e -> said.add(String.valueOf(e.getMessage())))
                .map(e -> e instanceof CommandLine.ParameterException given
                        ? given
                        : new CommandLine.ParameterException(
                                last.commandSpec().commandLine(), String.valueOf(e.getMessage())))
                .toList();
    }

    /** The files and folders that a command line names. */
    private static List<Path> paths(CommandLine.ParseResult parsed) {
        var last = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
        return Stream.concat(last.matchedOptions().stream(), last.matchedPositionals().stream())
                .map(CommandLine.Model.ArgSpec::getValue)
                .filter(Path.class::isInstance)
                .map(Path.class::cast)
                .toList();
    }

    /** What a command holds in memory. */
    private static String held(String command) {
        return switch (command) {
            case "optimize", "check", "diff", "inspect" -> "the model";
            case "convert" -> "the graph and the model that is made of it";
            case "quantize" -> "the model and the samples";
            default -> "the pictures and the model";
        };
    }

    /** @param all of one command */
    private static int wrongLine(List<CommandLine.ParameterException> all, Console console) {
        for (var e : all) {
            console.error(plain(String.valueOf(e.getMessage())));
            CommandLine.UnmatchedArgumentException.printSuggestions(e, console.errWriter());
        }
        var command = all.get(0).getCommandLine().getCommandSpec();
        console.note("see " + command.qualifiedName() + " --help");
        return command.exitCodeOnInvalidInput();
    }

    /** Picocli's words without its slips. */
    private static String plain(String message) {
        return message.replaceFirst("^Error: ", "")
                .replace("option option", "option")
                .replaceFirst("^Invalid value for option '([^']*)'[^:]*: must", "$1 must")
                .replaceFirst("^Invalid value for positional parameter at index \\d+ \\(([^)]*)\\): must", "$1 must")
                .replaceFirst(" \\(specify only one\\)", "; give one of them");
    }

    private int failed(Exception e, CommandLine command, Console console) {
        console.endProgress();
        if (debug) {
            e.printStackTrace(console.errWriter());
        }
        if (e instanceof SpecException wrong) {
            wrong.problems().forEach(problem -> console.error(AtomicFiles.withoutTemporaryNames(problem)));
            if (wrong instanceof WrongUse) {
                console.note("see " + command.getCommandSpec().qualifiedName() + " --help");
                return command.getCommandSpec().exitCodeOnInvalidInput();
            }
            return WRONG_INPUT;
        } else if (e instanceof ProofException unproven) {
            AtomicFiles.withoutTemporaryNames(String.valueOf(unproven.getMessage()))
                    .lines()
                    .forEach(console::error);
            return WRONG_INPUT;
        } else if ((e instanceof UncheckedIOException ? e.getCause() : e) instanceof IOException failed) {
            console.error(text(failed));
            return WRONG_INPUT;
        } else if (e instanceof SmaltiException run) {
            console.error(
                    run.getCause() instanceof OutOfMemoryError
                            ? heapIsTooSmall(command.getCommandName())
                            : String.valueOf(run.getMessage()));
            return WRONG_INPUT;
        }
        console.error("internal error of smalti" + (debug ? "" : "; --debug shows where"));
        return INTERNAL;
    }

    private static String text(IOException e) {
        if (e instanceof FileSystemException file && file.getFile() != null) {
            return AtomicFiles.withoutTemporaryNames(file.getFile()) + ": " + rule(file);
        }
        var message = e.getMessage();
        return message == null ? IoReason.of(e) : AtomicFiles.withoutTemporaryNames(message);
    }

    private static String rule(FileSystemException e) {
        if (e instanceof NoSuchFileException) {
            return "must exist, and does not";
        } else if (e instanceof FileAlreadyExistsException) {
            return "must be a folder, and is a file";
        } else if (e instanceof AccessDeniedException) {
            return "must be readable and writable, and access is denied";
        }
        return IoReason.isDiskFull(e)
                ? "cannot be written: the disk is full"
                : "cannot be read or written (" + IoReason.of(e) + ")";
    }

    /** The version of the jar. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            var version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"smalti " + (version == null ? "development" : version)};
        }
    }
}
