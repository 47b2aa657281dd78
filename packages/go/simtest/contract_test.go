// The steps that every language's helper takes, by this one; packages/contract/compare.py compares the journals.

package simtest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sync-group-sim/simtest"
)

type contract struct {
	Tenant struct {
		Name, DrawKey, Fixture, Scenario string
		Seed                             uint64
		Rules                            []simtest.JSON
		Clock                            simtest.JSON
	}
	Steps []step
}

// step is one of the contract's; which fields count depends on what it does.
type step struct {
	Do           string
	Method, Path string
	Body         *string
	Status       int
	Rule         simtest.JSON
	Refused      int
	Scenarios    []string
	By           string
	Expectation  simtest.JSON
	Holds        bool
	Says         string
	Verdicts     []string
	Filters      simtest.JSON
	Exchanges    int
}

func TestTheContract(t *testing.T) {
	var contract contract
	text, err := os.ReadFile("../../contract/steps.json")
	if err == nil {
		err = json.Unmarshal(text, &contract)
	}
	if err != nil {
		t.Fatal(err)
	}
	begin := contract.Tenant
	options := []simtest.Option{
		simtest.Name(begin.Name), simtest.Seed(begin.Seed), simtest.DrawKey(begin.DrawKey), simtest.Fixture(begin.Fixture),
		simtest.Scenario(begin.Scenario), simtest.Clock(begin.Clock),
	}
	for _, rule := range begin.Rules {
		options = append(options, simtest.Rule(rule))
	}
	watched := watch(t)
	client := &client{t: t, watched: watched, tenant: simtest.Tenant(watched, options...)}

	for _, step := range contract.Steps {
		client.take(step)
	}

	if folder := os.Getenv("SYNC_GROUP_SIM_CONTRACT_JOURNALS"); folder != "" {
		journal := client.tenant.Control("GET", "journal", nil)
		if err := os.WriteFile(filepath.Join(folder, "go.json"), journal, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// client is the client under test, and what the helper does between its requests.
type client struct {
	t       *testing.T
	watched *watched
	tenant  *simtest.TestTenant
	token   string
}

func (client *client) take(step step) {
	client.t.Helper()
	tenant := client.tenant
	switch step.Do {
	case "token":
		client.newToken(step)
	case "send":
		client.send(step)
	case "rule":
		client.addRule(step)
	case "use":
		tenant.Use(step.Scenarios...)
	case "advance":
		by, err := time.ParseDuration(step.By)
		if err != nil {
			client.t.Fatal(err)
		}
		tenant.Advance(by)
	case "verify":
		client.verify(step)
	case "findings":
		var found []string
		for _, finding := range tenant.Findings() {
			found = append(found, finding.Verdict)
		}
		if strings.Join(found, " ") != strings.Join(step.Verdicts, " ") {
			client.t.Errorf("found %q, expected %q", found, step.Verdicts)
		}
	case "journal":
		if found := tenant.Journal(step.Filters); len(found) != step.Exchanges {
			client.t.Errorf("%v: %d exchanges, expected %d", step.Filters, len(found), step.Exchanges)
		}
	default:
		client.t.Fatalf("a step of an unknown kind: %q", step.Do)
	}
}

func (client *client) addRule(step step) {
	client.t.Helper()
	said := client.watched.during(func() { client.tenant.Rule(step.Rule) })
	if (step.Refused != 0) != (said != "") {
		client.t.Errorf("%v: %q", step.Rule, said)
	}
}

func (client *client) verify(step step) {
	client.t.Helper()
	said := client.watched.during(func() { client.tenant.Verify(step.Expectation) })
	if step.Holds != (said == "") || !strings.Contains(said, step.Says) {
		client.t.Errorf("%v: %q, expected %q", step.Expectation, said, step.Says)
	}
}

func (client *client) newToken(step step) {
	client.t.Helper()
	// In the order of the other languages: faults are drawn from the bytes of a request.
	form := "grant_type=client_credentials&client_id=" + url.QueryEscape(client.tenant.ClientID) +
		"&client_secret=" + url.QueryEscape(client.tenant.ClientSecret)
	reply, err := http.Post(client.tenant.BaseURL+"/oauth/token", "application/x-www-form-urlencoded", strings.NewReader(form))
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(client.read(reply, err, step.Status), &granted); err != nil {
		client.t.Fatal(err)
	}
	client.token = granted.AccessToken
}

func (client *client) send(step step) {
	client.t.Helper()
	var body io.Reader
	if step.Body != nil {
		body = bytes.NewReader([]byte(*step.Body))
	}
	request, err := http.NewRequest(step.Method, client.tenant.BaseURL+step.Path, body)
	if err != nil {
		client.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+client.token)
	if step.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	reply, err := http.DefaultClient.Do(request)
	client.read(reply, err, step.Status)
}

func (client *client) read(reply *http.Response, err error, status int) []byte {
	client.t.Helper()
	if err != nil {
		client.t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != status {
		client.t.Fatalf("%d, expected %d: %s (%v)", reply.StatusCode, status, text, err)
	}
	return text
}
