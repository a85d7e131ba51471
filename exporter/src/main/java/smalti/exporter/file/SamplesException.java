package smalti.exporter.file;

import smalti.spec.SpecException;

/** Samples that a model does not run on. */
final class SamplesException extends SpecException {
    private static final long serialVersionUID = 1L;

    SamplesException(String problem, Throwable cause) {
        super(problem, cause);
    }
}
