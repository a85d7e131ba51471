package smalti.runtime;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/** How the requests of an ONNX file share its runs. */
sealed interface OnnxRequests permits AloneRequests, RowsRequests {
    GraphService<?> service();

    /** Those of several steps, which end before the graph is drained. */
    Calls calls();

    void warm(List<HostTensor> inputs);

    Map<String, Tensor> run(List<HostTensor> inputs, RequestOptions options);

    CompletableFuture<Map<String, Tensor>> submit(List<HostTensor> inputs, RequestOptions options);

    /** Outputs as a user has them. */
    static Map<String, Tensor> named(List<HostTensor> outputs) {
        var named = new LinkedHashMap<String, Tensor>();
        for (var output : outputs) {
            var shape = IntStream.range(0, output.shape().length)
                    .mapToObj(axis -> output.shape()[axis])
                    .toList();
            named.put(output.spec().name(), new Tensor(output.spec().type(), shape, output.data()));
        }
        return named;
    }
}
