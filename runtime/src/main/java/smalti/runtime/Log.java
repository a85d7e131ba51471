package smalti.runtime;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The runtime's log. It is looked for with the first message, and most processes have none: looking takes a while. */
final class Log {
    static final Logger LOG = LoggerFactory.getLogger("smalti.runtime");

    private Log() {}
}
