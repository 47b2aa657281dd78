// One tenant: what the client under test needs, and what a test does to it.

package simtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestTenant is an organisation of its own: groups, credentials, faults, clock and journal. What its methods cannot do
// ends the test, with the reason.
type TestTenant struct {
	// Name is what the server calls it.
	Name string
	// BaseURL is where the client under test goes.
	BaseURL string
	// ClientID and ClientSecret are those of the first client.
	ClientID, ClientSecret string
	// Clients are all that may ask for tokens here.
	Clients []Client
	// Seed is what ids and faults are drawn from; SYNC_GROUP_SIM_SEED repeats them.
	Seed uint64

	t      testing.TB
	server *Server
	start  *beginning
}

// Client may ask for tokens.
type Client struct {
	Name, ClientID, ClientSecret string
	Scopes                       []string
}

// Finding is a rule of good client conduct, broken.
type Finding struct {
	Verdict, Severity, Message, Advice string
}

func (server *Server) newTenant(t testing.TB, options []Option) (*TestTenant, error) {
	// With one seed a test meets the same faults, whichever tests ran before it.
	start, err := begin(append([]Option{DrawKey(drawKeyOf(t.Name()))}, options...))
	if err != nil {
		return nil, err
	}
	_, text, err := server.control.own(http.MethodPost, "/_sim/tenants", start.body)
	if err != nil {
		return nil, err
	}
	tenant := &TestTenant{t: t, server: server, start: start}
	var told struct{ Warnings []string }
	if err := errors.Join(json.Unmarshal(text, tenant), json.Unmarshal(text, &told)); err != nil {
		return nil, fmt.Errorf("%s does not answer as sync-group-sim does: %w", server.Program, err)
	}
	for _, warning := range told.Warnings {
		t.Log("warning: " + warning)
	}
	tenant.BaseURL = server.BaseURL + "/tenants/" + tenant.Name
	if len(tenant.Clients) > 0 {
		tenant.ClientID, tenant.ClientSecret = tenant.Clients[0].ClientID, tenant.Clients[0].ClientSecret
	}
	if err := tenant.setUp(); err != nil {
		_ = tenant.delete()
		return nil, err
	}
	return tenant, nil
}

// setUp does what creating it cannot say, and a reset of the control API's alone takes away.
func (tenant *TestTenant) setUp() error {
	start := tenant.start
	if start.file != nil {
		if _, err := tenant.call(http.MethodPut, "scenario", start.file); err != nil {
			return err
		}
	}
	// Each comes ahead of those before it.
	for index := len(start.rules) - 1; index >= 0; index-- {
		if err := tenant.addRule(start.rules[index]); err != nil {
			return err
		}
	}
	if start.clock != nil {
		if _, err := tenant.call(http.MethodPut, "clock", start.clock); err != nil {
			return err
		}
	}
	return nil
}

func (tenant *TestTenant) addRule(rule any) error {
	switch text := rule.(type) {
	case string:
		rule = json.RawMessage(text)
	case []byte:
		rule = json.RawMessage(text)
	}
	_, err := tenant.call(http.MethodPost, "scenario/rules", rule)
	return err
}

// Env is the variables that the vendor's SDKs read.
func (tenant *TestTenant) Env() map[string]string {
	return map[string]string{
		"SAIL_BASE_URL":      tenant.BaseURL,
		"SAIL_CLIENT_ID":     tenant.ClientID,
		"SAIL_CLIENT_SECRET": tenant.ClientSecret,
	}
}

// Setenv puts them into the environment until the test ends; the test must not run in parallel.
func (tenant *TestTenant) Setenv() {
	tenant.t.Helper()
	for name, value := range tenant.Env() {
		tenant.t.Setenv(name, value)
	}
}

// Rule has something go wrong from now on: a rule in the words of a scenario file, as an object or as JSON text.
func (tenant *TestTenant) Rule(rule any) {
	tenant.t.Helper()
	if err := tenant.addRule(rule); err != nil {
		tenant.t.Fatal(err)
	}
}

// Use has these built-in scenarios run from now on, and no other rules; none stops them all.
func (tenant *TestTenant) Use(scenarios ...string) {
	tenant.t.Helper()
	if len(scenarios) == 0 {
		tenant.mustOwn(http.MethodDelete, "scenario", nil)
		return
	}
	tenant.mustOwn(http.MethodPut, "scenario", JSON{"use": scenarios})
}

// Advance has time pass in the tenant, and none in the test. A client whose waits can be replaced is given this for
// time.Sleep.
func (tenant *TestTenant) Advance(by time.Duration) {
	tenant.t.Helper()
	tenant.mustOwn(http.MethodPost, "clock/advance", JSON{"by": inWords(by)})
}

// Clock sets the clock's mode, its time (now), or both, and says what it shows; nil sets nothing.
func (tenant *TestTenant) Clock(settings JSON) JSON {
	tenant.t.Helper()
	if settings == nil {
		return tenant.object(http.MethodGet, "clock", nil)
	}
	return tenant.object(http.MethodPut, "clock", settings)
}

// Verify fails the test unless the client did what is expected (match, status, count, apart, then), and says what it did
// instead. It returns whether it did.
func (tenant *TestTenant) Verify(expectation JSON) bool {
	tenant.t.Helper()
	status, text, err := tenant.server.control.own(http.MethodPost, tenant.path("verify"), expectation, http.StatusConflict)
	if err != nil {
		tenant.t.Fatal(err)
	}
	if status == http.StatusConflict {
		tenant.t.Error(told(text))
	}
	return status != http.StatusConflict
}

// Findings are what the verdicts on good client conduct find in the journal so far.
func (tenant *TestTenant) Findings() []Finding {
	tenant.t.Helper()
	var found struct{ Findings []Finding }
	text, err := tenant.call(http.MethodGet, "verdicts", nil)
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		tenant.t.Fatal(err)
	}
	return found.Findings
}

// Journal is what clients did and were told, oldest first; filters, or nil: operation, status, client, rule, after, limit.
func (tenant *TestTenant) Journal(filters JSON) []JSON {
	tenant.t.Helper()
	query := url.Values{}
	for name, value := range filters {
		query.Set(name, fmt.Sprint(value))
	}
	call := "journal"
	if len(query) > 0 {
		call += "?" + query.Encode()
	}
	var journal struct{ Exchanges []JSON }
	if err := json.Unmarshal(tenant.mustOwn(http.MethodGet, call, nil), &journal); err != nil {
		tenant.t.Fatal(err)
	}
	return journal.Exchanges
}

// HAR is the journal as an HTTP archive: the text of a .har file.
func (tenant *TestTenant) HAR() string {
	tenant.t.Helper()
	return string(tenant.mustOwn(http.MethodGet, "journal.har", nil))
}

// Control is any call of the control API about this tenant, and returns the answer's text: Control("GET", "passwords",
// nil). A string as body is sent as YAML, everything else as JSON.
func (tenant *TestTenant) Control(method, call string, body any) []byte {
	tenant.t.Helper()
	_, text, err := tenant.server.control.call(method, tenant.path(call), body)
	if err != nil {
		tenant.t.Fatal(err)
	}
	return text
}

// Reset puts the tenant back to how its test began: state, clock, rules, journal, and the same ids and faults again.
func (tenant *TestTenant) Reset() {
	tenant.t.Helper()
	tenant.mustOwn(http.MethodPost, "reset", nil)
	if err := tenant.setUp(); err != nil {
		tenant.t.Fatal(err)
	}
}

func (tenant *TestTenant) object(method, call string, body any) JSON {
	tenant.t.Helper()
	var answer JSON
	if err := json.Unmarshal(tenant.mustOwn(method, call, body), &answer); err != nil {
		tenant.t.Fatal(err)
	}
	return answer
}

// mustOwn is a call that every program of this module's version knows; where it fails, so does the test.
func (tenant *TestTenant) mustOwn(method, call string, body any) []byte {
	tenant.t.Helper()
	text, err := tenant.call(method, call, body)
	if err != nil {
		tenant.t.Fatal(err)
	}
	return text
}

// call is a call that every program of this module's version knows.
func (tenant *TestTenant) call(method, call string, body any) ([]byte, error) {
	_, text, err := tenant.server.control.own(method, tenant.path(call), body)
	return text, err
}

func (tenant *TestTenant) path(call string) string {
	return "/tenants/" + tenant.Name + "/_sim/" + call
}

// delete ends the tenant, with everything in it.
func (tenant *TestTenant) delete() error {
	_, _, err := tenant.server.control.own(http.MethodDelete, "/_sim/tenants/"+tenant.Name, nil, http.StatusNotFound)
	return err
}

// told is what was expected, and what came nearest.
func told(answer []byte) error {
	var miss struct {
		Expected string
		Nearest  []struct {
			Seq          int
			Method, Path string
			Status       int
			Differs      []string
		}
	}
	if err := json.Unmarshal(answer, &miss); err != nil {
		return err
	}
	lines := []string{fmt.Sprintf("expected %s; nearest:", miss.Expected)}
	for _, near := range miss.Nearest {
		lines = append(lines, fmt.Sprintf("  exchange %d: %s %s %d: %s",
			near.Seq, near.Method, near.Path, near.Status, strings.Join(near.Differs, "; ")))
	}
	if len(miss.Nearest) == 0 {
		lines = append(lines, "  no exchange at all")
	}
	return errors.New(strings.Join(lines, "\n"))
}
