// Package example shows the simulator in a container, for go test: a tenant of its own for each test.
//
//	go get github.com/testcontainers/testcontainers-go@v0.45.0
package example

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

type simulator struct{ baseURL, token string }

type tenant struct {
	BaseURL string `json:"baseUrl"`
	Clients []struct {
		ClientID     string `json:"clientId"`
		ClientSecret string `json:"clientSecret"`
	} `json:"clients"`
}

func startSimulator(t *testing.T) simulator {
	t.Helper()
	image := os.Getenv("SYNC_GROUP_SIM_IMAGE")
	if image == "" {
		image = "sync-group-sim:0.1.0"
	}
	token := rand.Text()
	container, err := testcontainers.Run(context.Background(), image,
		testcontainers.WithExposedPorts("4580/tcp"),
		testcontainers.WithEnv(map[string]string{"SYNC_GROUP_SIM_CONTROL_TOKEN": token}),
		testcontainers.WithWaitStrategy(wait.ForHealthCheck().WithStartupTimeout(30*time.Second)),
	)
	testcontainers.CleanupContainer(t, container)
	if err != nil {
		t.Fatal(err)
	}
	baseURL, err := container.PortEndpoint(context.Background(), "4580/tcp", "http")
	if err != nil {
		t.Fatal(err)
	}
	return simulator{baseURL, token}
}

// control is a call of the control API; in a container it asks for its token.
func (sim simulator) control(t *testing.T, baseURL, method, path string, body string, answer any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, baseURL+"/_sim/"+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+sim.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, path, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		t.Fatal(err)
	}
}

func TestAClientIsToldToWait(t *testing.T) {
	sim := startSimulator(t)
	var own tenant
	sim.control(t, sim.baseURL, http.MethodPost, "tenants", `{"scenarios": ["rate-limited"]}`, &own)
	// Your own client goes here, with own.BaseURL and these credentials.
	if own.Clients[0].ClientSecret == "" {
		t.Fatal("no secret")
	}
	var verdicts any
	sim.control(t, own.BaseURL, http.MethodGet, "verdicts", "", &verdicts)
}
