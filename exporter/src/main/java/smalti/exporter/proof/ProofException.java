package smalti.exporter.proof;

import java.util.List;

/** An exported graph does not do what its source does. One line a problem: graph, sample, figure and bound. */
public class ProofException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ProofException(List<String> problems) {
        super(String.join("\n", problems));
    }

    ProofException(String problem, Throwable cause) {
        super(problem, cause);
    }

    /** One line a problem. */
    public final List<String> problems() {
        return List.of(String.valueOf(getMessage()).split("\n", -1));
    }
}
