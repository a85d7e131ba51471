package smalti.spec;

/**
 * Whatever goes wrong in Smalti by its own account: one type to catch, whose kinds are told apart by theirs.
 *
 * <p>{@link SpecException}: something that a user gave is wrong. The runtime's own say what became of a request.
 */
public abstract class SmaltiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    protected SmaltiException(String message) {
        super(message);
    }

    protected SmaltiException(String message, Throwable cause) {
        super(message, cause);
    }
}
