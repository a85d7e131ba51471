package smalti.runtime;

import smalti.spec.SmaltiException;

/** The model is closed, or was before the request was done. Another one may serve it. */
public final class ModelClosedException extends SmaltiException {
    private static final long serialVersionUID = 1;

    /** @param what is closed */
    ModelClosedException(String what) {
        super(what + " is closed");
    }
}
