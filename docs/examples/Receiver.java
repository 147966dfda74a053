// A receiver of Hookgate's events in Java 17 and later, one file, nothing but the JDK.
//
//     SIGNING_SECRET=whsec_… BLOCKED=+4921155667788 DIAL=+4915791234567 java Receiver.java 9000
//
// POST /events takes events, POST /decide says what becomes of a call. docs/applications.md tells the rest.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Receiver {
    static final long TOLERANCE = 300; // seconds between the sender's clock and ours
    static final int MOST_BYTES = 1 << 20;
    static final byte[] KEY = key(System.getenv("SIGNING_SECRET"));
    static final Set<String> BLOCKED = Set.of(System.getenv().getOrDefault("BLOCKED", "").split(","));
    static final String DIAL = System.getenv().getOrDefault("DIAL", "+4915791234567");

    /** The latest ids. In production: a unique column, written in the transaction that uses the event. */
    static final Map<String, Boolean> SEEN = Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > 100_000;
        }
    });

    /** What stands behind whsec_ is base64; any other text is the key itself. */
    static byte[] key(String secret) {
        if (secret == null || secret.isEmpty()) throw new IllegalStateException("SIGNING_SECRET is not set");
        if (secret.startsWith("whsec_")) return Base64.getDecoder().decode(secret.substring(6));
        return secret.getBytes(StandardCharsets.UTF_8);
    }

    static String field(HttpExchange exchange, String name) {
        String value = exchange.getRequestHeaders().getFirst(name);
        return value == null ? "" : value;
    }

    /** Why a request is not to be believed; null: Hookgate sent it, a moment ago, as it stands. */
    static String problemOf(HttpExchange exchange, byte[] body) throws GeneralSecurityException {
        String id = field(exchange, "webhook-id"), stamp = field(exchange, "webhook-timestamp");
        if (!stamp.matches("[0-9]{1,15}")
                || Math.abs(System.currentTimeMillis() / 1000 - Long.parseLong(stamp)) > TOLERANCE) {
            return "webhook-timestamp is missing or too far from this clock";
        }
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(KEY, "HmacSHA256"));
        mac.update((id + "." + stamp + ".").getBytes(StandardCharsets.UTF_8));
        byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(StandardCharsets.UTF_8);
        // Several signatures while a secret is being replaced: one that fits is enough.
        for (String given : field(exchange, "webhook-signature").split(" ")) {
            if (MessageDigest.isEqual(expected, given.getBytes(StandardCharsets.UTF_8))) return null;
        }
        return "webhook-signature does not fit";
    }

    /** Your work. Throw when it cannot be done now: the event comes again. */
    static void use(Map<?, ?> event) {
        String type = ((String) event.get("type")).replace("io.sipgate.", "");
        System.out.println("event " + type + " " + event.get("id") + " from " + caller(event));
    }

    /** What becomes of the call. Within the route's deadline, or its fallback acts. */
    static String decide(Map<?, ?> event) {
        if (BLOCKED.contains(caller(event))) return "{\"actions\": [{\"reject\": {\"reason\": \"busy\"}}]}";
        return "{\"actions\": [{\"dial\": {\"to\": [\"" + DIAL + "\"]}}]}";
    }

    static String caller(Map<?, ?> event) {
        Map<?, ?> data = (Map<?, ?>) event.get("data");
        return data.get("from") instanceof Map<?, ?> from && from.get("e164") instanceof String number ? number : "unknown";
    }

    static void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readNBytes(MOST_BYTES + 1);
            if (body.length > MOST_BYTES) { answer(exchange, 413, null); return; }
            if (!exchange.getRequestMethod().equals("POST")) { answer(exchange, 405, null); return; }
            String problem = problemOf(exchange, body);
            if (problem != null) {
                System.out.println("refused: " + problem);
                answer(exchange, 401, null);
                return;
            }
            switch (exchange.getRequestURI().getPath()) {
                // A question has the id of the event that comes later: it is no duplicate.
                case "/decide" -> answer(exchange, 200, decide(Json.object(body)));
                case "/events" -> {
                    String id = field(exchange, "webhook-id");
                    if (SEEN.containsKey(id)) {
                        System.out.println("duplicate " + id);
                    } else {
                        use(Json.object(body));
                        SEEN.put(id, true);
                    }
                    answer(exchange, 204, null);
                }
                default -> answer(exchange, 404, null);
            }
        } catch (Exception error) {
            System.out.println("failed: " + error);
            if (exchange.getResponseCode() == -1) answer(exchange, 500, null); // it comes again
        }
    }

    static void answer(HttpExchange exchange, int status, String content) throws IOException {
        if (content == null) {
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("content-type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    public static void main(String[] arguments) throws IOException {
        int port = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 9000;
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 256);
        server.createContext("/", Receiver::serve);
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.start();
        System.out.println("listening on http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** Reads JSON into maps, lists, texts, numbers and booleans. Take your JSON library instead when there is one. */
    static final class Json {
        private final String text;
        private int at;

        private Json(String text) { this.text = text; }

        static Map<?, ?> object(byte[] body) {
            Json reader = new Json(new String(body, StandardCharsets.UTF_8));
            Object value = reader.value(0);
            if (reader.next() != 0 || !(value instanceof Map<?, ?> map)) throw reader.wrong();
            return map;
        }

        /** The next character that is no blank, 0 at the end. */
        private char next() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
            return at < text.length() ? text.charAt(at) : 0;
        }

        private IllegalArgumentException wrong() { return new IllegalArgumentException("not JSON at character " + at); }

        private void take(char expected) {
            if (next() != expected) throw wrong();
            at++;
        }

        private Object value(int depth) {
            if (depth > 64) throw wrong();
            switch (next()) {
                case '{': {
                    Map<String, Object> map = new LinkedHashMap<>();
                    for (at++; next() != '}'; ) {
                        if (!map.isEmpty()) take(',');
                        if (next() != '"') throw wrong();
                        String name = string();
                        take(':');
                        map.put(name, value(depth + 1));
                    }
                    at++;
                    return map;
                }
                case '[': {
                    List<Object> list = new ArrayList<>();
                    for (at++; next() != ']'; ) {
                        if (!list.isEmpty()) take(',');
                        list.add(value(depth + 1));
                    }
                    at++;
                    return list;
                }
                case '"':
                    return string();
                default: {
                    int start = at;
                    while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) at++;
                    String word = text.substring(start, at);
                    return switch (word) {
                        case "true" -> true;
                        case "false" -> false;
                        case "null" -> null;
                        default -> Double.valueOf(word);
                    };
                }
            }
        }

        private String string() {
            StringBuilder result = new StringBuilder();
            for (at++; at < text.length(); at++) {
                char c = text.charAt(at);
                if (c == '"') { at++; return result.toString(); }
                if (c != '\\') { result.append(c); continue; }
                if (++at == text.length()) break;
                c = text.charAt(at);
                int plain = "bfnrt".indexOf(c);
                if (c == 'u') {
                    if (at + 4 >= text.length()) break;
                    result.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                    at += 4;
                } else {
                    result.append(plain < 0 ? c : "\b\f\n\r\t".charAt(plain));
                }
            }
            throw wrong();
        }
    }
}
