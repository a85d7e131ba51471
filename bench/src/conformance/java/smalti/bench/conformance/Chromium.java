package smalti.bench.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import smalti.spec.file.AtomicFiles;

/** A headless Chromium with one page, driven by the DevTools protocol. */
final class Chromium implements AutoCloseable {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Pattern LISTENING = Pattern.compile("DevTools listening on ws://([^/]+)/");
    private static final long MOST_SECONDS = 120;

    private final Process process;
    private final Path profile;
    private final WebSocket socket;
    private final Map<Integer, CompletableFuture<JsonNode>> waiting;
    private final AtomicInteger last = new AtomicInteger();

    private Chromium(
            Process process, Path profile, WebSocket socket, Map<Integer, CompletableFuture<JsonNode>> waiting) {
        this.process = process;
        this.profile = profile;
        this.socket = socket;
        this.waiting = waiting;
    }

    /** Why there is no Chromium, if there is none. */
    static Optional<String> missing() {
        return Programs.missing("chromium", "--version");
    }

    static Chromium start() throws IOException {
        var profile = Files.createTempDirectory("chromium");
        var process = new ProcessBuilder(
                        "chromium",
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile.resolve("data"),
                        "about:blank")
                .redirectErrorStream(true)
                .start();
        try {
            var address = address(process);
            var client = HttpClient.newHttpClient();
            var targets = MAPPER.readTree(client.send(
                            HttpRequest.newBuilder(URI.create("http://" + address + "/json/list"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body());
            for (var target : targets) {
                if (target.path("type").asText().equals("page")) {
                    var waiting = new ConcurrentHashMap<Integer, CompletableFuture<JsonNode>>();
                    var socket = client.newWebSocketBuilder()
                            .buildAsync(
                                    URI.create(
                                            target.path("webSocketDebuggerUrl").asText()),
                                    new Answers(waiting))
                            .join();
                    return new Chromium(process, profile, socket, waiting);
                }
            }
            throw new IOException("Chromium has no page: " + targets);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        } catch (IOException | RuntimeException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private static String address(Process process) throws IOException {
        // Chromium keeps writing: what is left unread goes to a thread, lest it waits for us
        var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        var said = new StringBuilder();
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            said.append(line).append('\n');
            var match = LISTENING.matcher(line);
            if (match.find()) {
                var rest = new Thread(() -> lines.lines().forEach(unused -> {}), "chromium-output");
                rest.setDaemon(true);
                rest.start();
                return match.group(1);
            }
        }
        throw new IOException("Chromium did not start: " + said);
    }

    /** Goes to a page and waits until its element html has a data-state other than loading and busy. */
    String open(String url) {
        send("Page.enable", Map.of());
        send("Page.navigate", Map.of("url", url));
        return settled();
    }

    /** The page's data-state once it is neither loading nor busy. */
    String settled() {
        return evaluate("""
                new Promise((resolve) => {
                  const look = () => {
                    const state = document.documentElement?.dataset.state;
                    if (location.protocol !== "about:" && state && state !== "loading" && state !== "busy") resolve(state);
                    else setTimeout(look, 20);
                  };
                  look();
                })""").asText();
    }

    /** The value of an expression, which may be a promise, as JSON. */
    JsonNode evaluate(String expression) {
        var result =
                send("Runtime.evaluate", Map.of("expression", expression, "awaitPromise", true, "returnByValue", true));
        if (result.has("exceptionDetails")) {
            throw new IllegalStateException("in the page: " + result.path("exceptionDetails"));
        }
        return result.path("result").path("value");
    }

    /** A picture of the whole page at a width. */
    void screenshot(int width, boolean phone, Path file) throws IOException {
        send(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", 900, "deviceScaleFactor", phone ? 2 : 1, "mobile", phone));
        var shot = send("Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", true));
        AtomicFiles.writeFile(
                file,
                to -> Files.write(
                        to, Base64.getDecoder().decode(shot.path("data").asText())));
    }

    private JsonNode send(String method, Map<String, Object> parameters) {
        int id = last.incrementAndGet();
        var answer = new CompletableFuture<JsonNode>();
        waiting.put(id, answer);
        ObjectNode message = MAPPER.createObjectNode().put("id", id).put("method", method);
        message.set("params", MAPPER.valueToTree(parameters));
        socket.sendText(message.toString(), true).join();
        try {
            return answer.get(MOST_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CompletionException(e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException(method + ": " + e, e);
        }
    }

    @Override
    public void close() throws IOException {
        socket.abort();
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().onExit().join();
        try {
            AtomicFiles.deleteRecursively(profile);
        } catch (IOException stillWritten) {
            // a child that is just going down may write once more; the system clears its temporary folder
        }
    }

    /** Hands the answers to those who wait for them. */
    private static final class Answers implements WebSocket.Listener {
        private final Map<Integer, CompletableFuture<JsonNode>> waiting;
        private final StringBuilder text = new StringBuilder();

        Answers(Map<Integer, CompletableFuture<JsonNode>> waiting) {
            this.waiting = waiting;
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean isLast) {
            text.append(data);
            if (isLast) {
                deliver(text.toString());
                text.setLength(0);
            }
            socket.request(1);
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            waiting.values().forEach(answer -> answer.completeExceptionally(error));
        }

        private void deliver(String json) {
            try {
                var message = MAPPER.readTree(json);
                var answer = waiting.remove(message.path("id").asInt(-1));
                if (answer != null && message.has("error")) {
                    answer.completeExceptionally(
                            new IOException(message.path("error").toString()));
                } else if (answer != null) {
                    answer.complete(message.path("result"));
                }
            } catch (IOException e) {
                waiting.values().forEach(answer -> answer.completeExceptionally(e));
            }
        }
    }
}
