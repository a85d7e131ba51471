package smalti.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchedLoadTest {
    @Test
    void whatCallersAskForIsShown(@TempDir Path folder) throws Exception {
        try (var load = new WatchedLoad(List.of(UntrainedBundle.write(folder)), 0)) {
            load.run(Duration.ofSeconds(3), Duration.ofMillis(1500));
            var request = HttpRequest.newBuilder(URI.create("http://localhost:" + load.port() + "/metrics"))
                    .build();
            var shown = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(shown.statusCode()).isEqualTo(200);
            for (var graph : List.of("tokenize", "detokenize")) {
                var completed = "smalti_requests_total{device=\"cpu\",graph=\"" + graph
                        + "\",model=\"vqvae-demo\",outcome=\"completed\"} ";
                assertThat(shown.body().lines().filter(line -> line.startsWith(completed)))
                        .as(shown.body())
                        .singleElement()
                        .satisfies(line -> assertThat(Double.parseDouble(line.substring(completed.length())))
                                .isPositive());
            }
        }
    }
}
