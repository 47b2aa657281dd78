// Gives each test a simulated tenant: TestMain starts one server for the whole run, and tenantFor makes one tenant for
// each test. Copy this file into a test package as it stands; it needs nothing but the standard library. The server is
// the program that SYNC_GROUP_SIM_BIN names, or `sync-group-sim` on the PATH. What the client did in a test that fails is
// kept in the folder sync-group-sim-journals.
package groups

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	startLimit = 20 * time.Second
	stopLimit  = 10 * time.Second
	poll       = 20 * time.Millisecond
	kept       = "sync-group-sim-journals"
)

// root is the server's base URL, journals where it leaves the journal of a tenant that was deleted.
var root, journals string

func TestMain(m *testing.M) {
	// Go would keep the result of tests that passed, and cannot see that the simulator is another one now. Without a
	// record of what the tests have read there is nothing that it could keep.
	flag.Parse()
	_ = flag.Set("test.testlogfile", "")
	os.Exit(withServer(m.Run))
}

// withServer runs the tests beside a server, and stops it afterwards in any case.
func withServer(run func() int) int {
	folder, err := os.MkdirTemp("", "sync-group-sim-")
	if err != nil {
		return fails(err)
	}
	defer os.RemoveAll(folder)
	binary := os.Getenv("SYNC_GROUP_SIM_BIN")
	if binary == "" {
		binary = "sync-group-sim"
	}
	portFile := filepath.Join(folder, "port")
	journals = filepath.Join(folder, kept)
	server := exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--port-file", portFile, "--log", "off",
		"--journal-dir", journals)
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		return fails(fmt.Errorf("cannot start %q: put sync-group-sim on the PATH, or its path into SYNC_GROUP_SIM_BIN", binary))
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	defer func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(stopLimit):
			_ = server.Process.Kill()
		}
	}()

	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(poll) {
		select {
		case err := <-ended:
			ended <- err
			return fails(fmt.Errorf("the simulator ended before it listened: %v", err))
		default:
		}
		if port, err := os.ReadFile(portFile); err == nil && len(port) > 0 {
			root = "http://127.0.0.1:" + strings.TrimSpace(string(port))
			return run()
		}
	}
	return fails(errors.New("the simulator did not listen in time"))
}

func fails(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// object is JSON as the control API takes it.
type object = map[string]any

// tenant is what a test does to its tenant; the client under test needs its base URL and credentials.
type tenant struct {
	Name    string
	BaseURL string
	Clients []struct{ ClientID, ClientSecret string }
}

// tenantFor makes a tenant with the demo fixture and credentials of its own, which is gone when the test ends.
func tenantFor(t *testing.T) *tenant {
	t.Helper()
	var made tenant
	_, body := control(t, root, http.MethodPost, "tenants", object{"fixture": "demo"})
	if err := json.Unmarshal(body, &made); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		made.judge(t)
		// Its journal is written before this is answered.
		control(t, root, http.MethodDelete, "tenants/"+made.Name, nil)
		if t.Failed() {
			keep(t, made.Name)
		}
	})
	return &made
}

// keep copies what is left of a tenant to where it stays.
func keep(t *testing.T, name string) {
	found, _ := filepath.Glob(filepath.Join(journals, name+"-*"))
	_ = os.MkdirAll(kept, 0o755)
	for _, journal := range found {
		text, err := os.ReadFile(journal)
		copied := filepath.Join(kept, filepath.Base(journal))
		if err == nil {
			err = os.WriteFile(copied, text, 0o644)
		}
		if err != nil {
			t.Errorf("the journal of %s could not be kept: %v", name, err)
		} else {
			t.Logf("what the client did: %s", copied)
		}
	}
}

// arm has something go wrong: a rule in the words of a scenario file.
func (made *tenant) arm(t *testing.T, rule object) {
	t.Helper()
	control(t, made.BaseURL, http.MethodPost, "scenario/rules", rule)
}

// use has built-in scenarios run, by their names.
func (made *tenant) use(t *testing.T, scenarios ...string) {
	t.Helper()
	control(t, made.BaseURL, http.MethodPut, "scenario", object{"use": scenarios})
}

// stopClock has the tenant's time move only by advance.
func (made *tenant) stopClock(t *testing.T) {
	t.Helper()
	control(t, made.BaseURL, http.MethodPut, "clock", object{"mode": "manual"})
}

// advance has time pass in the tenant, and none in the test.
func (made *tenant) advance(t *testing.T, duration time.Duration) {
	t.Helper()
	by := fmt.Sprintf("%dms", duration.Milliseconds())
	control(t, made.BaseURL, http.MethodPost, "clock/advance", object{"by": by})
}

// hasPassword tells whether this is the password of a person's account on a source.
func (made *tenant) hasPassword(t *testing.T, userName, source, password string) bool {
	t.Helper()
	asked := object{"userName": userName, "source": source, "password": password}
	_, body := control(t, made.BaseURL, http.MethodPost, "passwords/check", asked)
	var answer struct{ Matches bool }
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Matches
}

// verify fails the test, with what the client did instead, unless it did what was expected.
func (made *tenant) verify(t *testing.T, expectation object) {
	t.Helper()
	if differences := made.differences(t, expectation); differences != "" {
		t.Error(differences)
	}
}

// judge fails the test if the client did what a good client does not do.
func (made *tenant) judge(t *testing.T) {
	t.Helper()
	status, body := control(t, made.BaseURL, http.MethodPost, "verdicts", object{"failOn": "error"}, http.StatusConflict)
	if status == http.StatusOK {
		return
	}
	var judged struct {
		Findings []struct{ Verdict, Severity, Message, Advice string }
	}
	if err := json.Unmarshal(body, &judged); err != nil {
		t.Fatal(err)
	}
	for _, found := range judged.Findings {
		if found.Severity == "error" {
			t.Errorf("%s: %s %s", found.Verdict, found.Message, found.Advice)
		}
	}
}

// differences says how what the client did differs from what was expected; nothing when it does not.
func (made *tenant) differences(t *testing.T, expectation object) string {
	t.Helper()
	status, body := control(t, made.BaseURL, http.MethodPost, "verify", expectation, http.StatusConflict)
	if status == http.StatusOK {
		return ""
	}
	var verdict struct {
		Expected string
		Nearest  []struct {
			Seq     int
			Differs []string
		}
	}
	if err := json.Unmarshal(body, &verdict); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("expected %s; nearest:", verdict.Expected)
	for _, miss := range verdict.Nearest {
		text += fmt.Sprintf("\n  exchange %d: %s", miss.Seq, strings.Join(miss.Differs, "; "))
	}
	return text
}

// control makes a control call, which must succeed or be answered with the status that is also allowed.
func control(t *testing.T, baseURL, method, call string, body object, allowed ...int) (int, []byte) {
	t.Helper()
	var payload io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		payload = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, baseURL+"/_sim/"+call, payload)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	answer, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	isAllowed := reply.StatusCode < 300
	for _, status := range allowed {
		isAllowed = isAllowed || reply.StatusCode == status
	}
	if !isAllowed {
		t.Fatalf("%s /_sim/%s answered %d: %s", method, call, reply.StatusCode, answer)
	}
	return reply.StatusCode, answer
}
