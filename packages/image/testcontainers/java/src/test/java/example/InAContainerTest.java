package example;

import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;
import org.testcontainers.utility.DockerImageName;

/** The simulator in a container, for JUnit: one for the whole class, a tenant of its own for each test. */
@Testcontainers
class InAContainerTest {

    private static final String IMAGE =
            System.getenv().getOrDefault("SYNC_GROUP_SIM_IMAGE", "sync-group-sim:0.1.0");
    private static final String TOKEN = UUID.randomUUID().toString();
    private static final ObjectMapper JSON = new ObjectMapper();

    @Container
    private static final GenericContainer<?> SIMULATOR = new GenericContainer<>(DockerImageName.parse(IMAGE))
            .withExposedPorts(4580)
            .withEnv("SYNC_GROUP_SIM_CONTROL_TOKEN", TOKEN)
            .waitingFor(Wait.forHealthcheck());

    private final HttpClient http = HttpClient.newHttpClient();

    /** A call of the control API; in a container it asks for its token. */
    private JsonNode control(String baseUrl, String method, String path, String body)
            throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(baseUrl + "/_sim/" + path))
                .header("Authorization", "Bearer " + TOKEN)
                .method(method, BodyPublishers.ofString(body))
                .build();
        return JSON.readTree(http.send(request, BodyHandlers.ofString()).body());
    }

    @Test
    void aClientIsToldToWait() throws Exception {
        String baseUrl = "http://" + SIMULATOR.getHost() + ":" + SIMULATOR.getMappedPort(4580);
        JsonNode tenant = control(baseUrl, "POST", "tenants", "{\"scenarios\": [\"rate-limited\"]}");
        JsonNode client = tenant.get("clients").get(0);
        // Your own client goes here, with the tenant's baseUrl, and the client's clientId and clientSecret.
        assertFalse(client.get("clientSecret").asText().isEmpty());
        assertFalse(control(tenant.get("baseUrl").asText(), "GET", "verdicts", "").isEmpty());
    }
}
