package smalti.runtime;

import java.util.List;

/** A request of a {@link GraphService}. */
interface Job {
    /** In the signature's order. */
    List<HostTensor> inputs();

    Demand demand();
}
