package smalti.pictures;

import java.io.IOException;

/** A picture that breaks a rule of ours, said in words for people. */
final class Refusal extends IOException {
    private static final long serialVersionUID = 1L;

    Refusal(String message) {
        super(message);
    }
}
