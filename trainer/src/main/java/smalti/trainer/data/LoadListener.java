package smalti.trainer.data;

/** Hears how loading goes. Calls come from the loading threads, never two at once. */
public interface LoadListener {
    /** Something was left out or skipped. */
    default void warning(String message) {}

    /** About a hundred times a loading. */
    default void progress(int done, int total) {}

    static LoadListener none() {
        return new LoadListener() {};
    }
}
