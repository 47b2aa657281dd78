// Package sdk drives the published Go SDK v2 against the simulator. This file starts and stops the simulator for a
// test file and reads the shared credentials; it knows nothing of password sync groups.
package sdk

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	sailpoint "github.com/sailpoint-oss/golang-sdk/v2"
)

const (
	startLimit = 20 * time.Second
	stopLimit  = 10 * time.Second
	poll       = 20 * time.Millisecond
)

// shared reads one value of ../credentials.env.
func shared(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "credentials.env"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if value, found := strings.CutPrefix(line, name+"="); found {
			return value
		}
	}
	t.Fatalf("credentials.env has no %s", name)
	return ""
}

// simulator starts a server that runs until the test ends, and returns its base URL.
func simulator(t *testing.T, options ...string) string {
	t.Helper()
	portFile := filepath.Join(t.TempDir(), "port")
	server := exec.Command(os.Getenv("SYNC_GROUP_SIM_BIN"), append([]string{"serve", "--listen", "127.0.0.1:0",
		"--port-file", portFile, "--log", "off", "--rate-limit", "off"}, options...)...)
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(stopLimit):
			_ = server.Process.Kill()
			<-ended
		}
	})

	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(poll) {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the simulator ended before it listened: %v", err)
		default:
		}
		port, err := os.ReadFile(portFile)
		if err != nil || len(port) == 0 {
			continue
		}
		baseURL := "http://127.0.0.1:" + strings.TrimSpace(string(port))
		if reply, err := http.Get(baseURL + "/_sim/health"); err == nil {
			reply.Body.Close()
			if reply.StatusCode == http.StatusOK {
				return baseURL
			}
		}
	}
	t.Fatalf("the simulator was not healthy within %s", startLimit)
	return ""
}

// connect makes the SDK's client for one of the fixture's OAuth clients.
func connect(t *testing.T, baseURL, caller string, changes ...func(*sailpoint.ClientConfiguration)) *sailpoint.APIClient {
	t.Helper()
	settings := sailpoint.ClientConfiguration{
		BaseURL:      baseURL,
		TokenURL:     baseURL + "/oauth/token",
		ClientId:     shared(t, caller+"_ID"),
		ClientSecret: shared(t, caller+"_SECRET"),
	}
	for _, change := range changes {
		change(&settings)
	}
	client := sailpoint.NewAPIClient(sailpoint.NewConfiguration(settings))
	client.V2024.GetConfig().HTTPClient.Logger = nil
	return client
}
