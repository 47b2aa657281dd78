// What a test gets: a tenant set up by its options, told what went wrong, and gone afterwards.

package simtest_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"sync-group-sim/simtest"
)

var broken = simtest.JSON{
	"name": "broken", "when": simtest.JSON{"operation": "getPasswordSyncGroups"},
	"fault": simtest.JSON{"respond": simtest.JSON{"status": 503}},
}

// list lists a tenant's groups; it returns the status and how many there are.
func list(t *testing.T, tenant *simtest.TestTenant) (status, groups int) {
	t.Helper()
	reply, err := http.PostForm(tenant.BaseURL+"/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {tenant.ClientID}, "client_secret": {tenant.ClientSecret},
	})
	if err != nil {
		t.Fatal(err)
	}
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	_ = json.NewDecoder(reply.Body).Decode(&granted)
	reply.Body.Close()
	request, _ := http.NewRequest("GET", tenant.BaseURL+"/v2024/password-sync-groups", nil)
	request.Header.Set("Authorization", "Bearer "+granted.AccessToken)
	if reply, err = http.DefaultClient.Do(request); err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	var found []any
	_ = json.NewDecoder(reply.Body).Decode(&found)
	return reply.StatusCode, len(found)
}

func TestTestsThatRunAtTheSameTimeShareTheServerAndNoTenant(t *testing.T) {
	server := simtest.Start(t)
	for n := range 50 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			tenant := simtest.Tenant(t)
			if status, groups := list(t, tenant); status != 200 || groups == 0 {
				t.Errorf("%d, %d groups", status, groups)
			}
			if found := tenant.Journal(nil); len(found) != 2 {
				t.Errorf("%d exchanges", len(found))
			}
			if !strings.HasPrefix(tenant.BaseURL, server.BaseURL+"/tenants/") {
				t.Error(tenant.BaseURL)
			}
		})
	}
}

func TestOptionsSetTheTenantUp(t *testing.T) {
	other := simtest.JSON{"when": simtest.JSON{"operation": "getPasswordSyncGroups"}, "fault": simtest.JSON{"respond": simtest.JSON{"status": 500}}}
	if status, _ := list(t, simtest.Tenant(t, simtest.Rule(broken), simtest.Rule(other))); status != 503 {
		t.Errorf("the first rule comes first: %d", status)
	}
	text := `{"when": {"operation": "getPasswordSyncGroups"}, "fault": {"respond": {"status": 502}}}`
	if status, _ := list(t, simtest.Tenant(t, simtest.Rule(text))); status != 502 {
		t.Errorf("a rule in text: %d", status)
	}
	empty := simtest.Tenant(t, simtest.Fixture("empty"), simtest.ManualClock(), simtest.TokenLifetime(time.Minute),
		simtest.PasswordChangeTime(2*time.Second), simtest.RateLimit("100/10s"), simtest.Prerequisites("ignore"),
		simtest.SimFault("hidden"), simtest.Seed(5), simtest.DrawKey("it"))
	if status, groups := list(t, empty); status != 200 || groups != 0 || empty.Seed != 5 {
		t.Errorf("%d, %d groups, seed %d", status, groups, empty.Seed)
	}
	before := empty.Clock(nil)
	empty.Advance(1500*time.Millisecond + time.Nanosecond)
	if after := empty.Clock(nil); after["mode"] != "manual" || after["now"] == before["now"] {
		t.Errorf("%v, then %v", before, after)
	}
	if now := empty.Clock(simtest.JSON{"now": "2030-01-01T00:00:00Z"})["now"]; !strings.HasPrefix(now.(string), "2030") {
		t.Error(now)
	}
	if tenant := simtest.Tenant(t, simtest.SkippingClock(), simtest.Scenario("rate-limited", "token-expires-early")); tenant.Clock(nil)["mode"] != "skipping" {
		t.Error("another clock")
	}
}

func TestFilesLieBesideTheTest(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	scenario := write("mine.yaml", "name: mine\nrules:\n  - when: {operation: getPasswordSyncGroups}\n    fault: {respond: {status: 502}}\n")
	if status, _ := list(t, simtest.Tenant(t, simtest.Scenario(scenario))); status != 502 {
		t.Errorf("%d", status)
	}
	as := write("mine.json", `{"name": "mine", "rules": [{"when": {"operation": "getPasswordSyncGroups"}, "fault": {"respond": {"status": 504}}}]}`)
	if status, _ := list(t, simtest.Tenant(t, simtest.Scenario(as))); status != 504 {
		t.Errorf("%d", status)
	}
	if status, groups := list(t, simtest.Tenant(t, simtest.Fixture(write("few.json", `{"groups": []}`)))); status != 200 || groups != 0 {
		t.Errorf("%d, %d groups", status, groups)
	}
	for told, option := range map[string]simtest.Option{
		"rate-limitted":                          simtest.Scenario("rate-limitted"),
		"absent.yaml: no such file":              simtest.Scenario("absent.yaml"),
		"broken.json:2:12: ":                     simtest.Scenario(write("broken.json", "{\"name\": \"mine\",\n \"rules\": [}\n")),
		"broken.json: not JSON; `sync-group-sim": simtest.Scenario("chaos", filepath.Join(folder, "broken.json")),
		"twice.json:2:2: a repeated key":         simtest.Fixture(write("twice.json", "{\"groups\": [],\n \"groups\": []}")),
		"once.json:1:2: unknown key `grups`":     simtest.Fixture(write("once.json", "{\"grups\": []}")),
		"wrong.yaml:3:12: fault `clsoe`":         simtest.Scenario(write("wrong.yaml", "name: mine\nrules:\n  - fault: clsoe\n")),
		"a scenario in a YAML file stands alone": simtest.Scenario(scenario, "rate-limited"),
		"mine.yaml:1:1: unknown key `name`":      simtest.Fixture(scenario),
		"\n" + filepath.Join(folder, "twice.yml") + ":3:1: a repeated key, first on line 1": simtest.Fixture(write("twice.yml", "groups: []\nclints: []\ngroups: []\n")),
		"latin.yaml: neither UTF-8 nor UTF-16":                                              simtest.Fixture(write("latin.yaml", "sources: [{name: Z\xfcrich}]\n")),
		"POST /_sim/tenants: body:1:":                                                       simtest.RateLimit("fast"),
		"burn":                                                                              simtest.Rule(simtest.JSON{"fault": simtest.JSON{"burn": true}}),
		"sometimes":                                                                         simtest.Clock(simtest.JSON{"mode": "sometimes"}),
		"the body cannot be written as JSON":                                                simtest.Rule(simtest.JSON{"fault": func() {}}),
	} {
		watched := watch(t)
		contains(t, watched.during(func() { simtest.Tenant(watched, option) }), told)
	}
}

func TestATenantBeginsAnewAsItBegan(t *testing.T) {
	scenario := filepath.Join(t.TempDir(), "mine.yaml")
	text := "name: mine\nrules:\n  - when: {operation: getPasswordSyncGroups}\n    fault: {respond: {status: 502}}\n"
	if err := os.WriteFile(scenario, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	other := simtest.JSON{"when": simtest.JSON{"operation": "getPasswordSyncGroups"}, "fault": simtest.JSON{"respond": simtest.JSON{"status": 500}}}
	clock := simtest.Clock(simtest.JSON{"mode": "manual", "now": "2030-01-01T00:00:00Z"})
	for _, options := range [][]simtest.Option{
		{clock, simtest.Scenario(scenario)}, {clock, simtest.Rule(broken), simtest.Rule(other)},
	} {
		tenant := simtest.Tenant(t, options...)
		shown := func() string {
			return fmt.Sprint(string(tenant.Control("GET", "scenario", nil)), tenant.Clock(nil))
		}
		began := shown()
		tenant.Use()
		tenant.Clock(simtest.JSON{"mode": "auto", "now": "2031-01-01T00:00:00Z"})
		tenant.Reset()
		if found := shown(); found != began {
			t.Errorf("%s; it began with %s", found, began)
		}
		// The control API knows only what the tenant was created with.
		tenant.Control("POST", "reset", nil)
		if found := shown(); !strings.Contains(found, "auto") || strings.Contains(found, "status") {
			t.Error(found)
		}
		tenant.Reset()
		if found := shown(); found != began {
			t.Errorf("%s; it began with %s", found, began)
		}
	}
}

func TestFilesAreReadAsTheProgramReadsThem(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string, wide bool) string {
		content := []byte("\ufeff" + text)
		if wide {
			content = nil
			for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
				content = binary.LittleEndian.AppendUint16(content, unit)
			}
		}
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, wide := range []bool{false, true} {
		scenario := `{"name": "mine", "rules": [{"when": {"operation": "getPasswordSyncGroups"}, "fault": {"respond": {"status": 504}}}]}`
		path := write("mine.json", scenario, wide)
		for _, option := range []simtest.Option{
			simtest.Scenario(path), simtest.Scenario(path, "rate-limited"), simtest.Scenario(write("mine.yaml", scenario, wide)),
		} {
			if status, _ := list(t, simtest.Tenant(t, option)); status != 504 {
				t.Errorf("%d", status)
			}
		}
		for _, fixture := range []string{
			write("few.json", `{"groups": []}`, wide), write("few.yaml", "---\ngroups: []\n", wide), write("FEW.YML", "groups: []", wide),
		} {
			for _, options := range [][]simtest.Option{{}, {simtest.ManualClock(), simtest.Prerequisites("ignore")}} {
				if status, groups := list(t, simtest.Tenant(t, append(options, simtest.Fixture(fixture))...)); status != 200 || groups != 0 {
					t.Errorf("%s: %d, %d groups", fixture, status, groups)
				}
			}
		}
	}
}

func TestATestMayHaveANameOfAnyLength(t *testing.T) {
	for _, name := range []string{strings.Repeat("x", 300), strings.Repeat("\u5bc6", 99) + "y", strings.Repeat("\u5bc6", 100)} {
		t.Run(name, func(t *testing.T) { simtest.Tenant(t) })
	}
}

func TestATenantThatCouldNotBeSetUpIsNotLeft(t *testing.T) {
	watched := watch(t)
	wrong := simtest.Rule(simtest.JSON{"fault": simtest.JSON{"burn": true}})
	contains(t, watched.during(func() { simtest.Tenant(watched, simtest.Name("half"), wrong) }), "burn")
	simtest.Tenant(t, simtest.Name("half"))
}

func TestTheEnvironmentHasTheTenantUntilTheTestEnds(t *testing.T) {
	t.Run("it", func(t *testing.T) {
		tenant := simtest.Tenant(t)
		tenant.Setenv()
		if os.Getenv("SAIL_BASE_URL") != tenant.BaseURL || os.Getenv("SAIL_CLIENT_SECRET") != tenant.ClientSecret {
			t.Error(os.Environ())
		}
	})
	if found := os.Getenv("SAIL_BASE_URL"); found != "" {
		t.Error(found)
	}
}

func TestWhatTheClientDidInATestThatFailedIsToldAndKept(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "kept")
	t.Setenv("SYNC_GROUP_SIM_JOURNALS", folder)
	watched := watch(t)
	tenant := simtest.Tenant(watched, simtest.Rule(broken))
	list(t, tenant)

	said := watched.during(func() {
		tenant.Verify(simtest.JSON{"match": simtest.JSON{"operation": "getPasswordSyncGroups"}, "status": 200})
		watched.end()
	})

	contains(t, said, "status is 503, not 200", "what the client did (sync-group-sim)", "fault rules/broken",
		fmt.Sprintf("SYNC_GROUP_SIM_SEED=%d", tenant.Seed), folder)
	kept, _ := filepath.Glob(filepath.Join(folder, "TestWhatTheClientDidInATestThatFailedIsToldAndKept-*"))
	if len(kept) != 2 {
		t.Fatal(kept)
	}
	for index, member := range []string{`"entries"`, `"exchanges"`} {
		text, err := os.ReadFile(kept[index])
		if err != nil || !strings.Contains(string(text), member) {
			t.Errorf("%s: %v", kept[index], err)
		}
	}
}

func TestWhatTheClientDidIsToldWhereItCannotBeKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SYNC_GROUP_SIM_JOURNALS", file)
	watched := watch(t)
	list(t, simtest.Tenant(watched))

	said := watched.during(func() {
		watched.Error("it failed")
		watched.end()
	})

	contains(t, said, "/v2024/password-sync-groups  200", "it could not be kept: "+file+" cannot be written (not a directory)",
		"SYNC_GROUP_SIM_JOURNALS names another folder")
}

func TestTheFilesOfATestHaveItsLetters(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "kept")
	t.Setenv("SYNC_GROUP_SIM_JOURNALS", folder)
	for _, name := range []string{"gr\u00f6\u00dfer: \u5bc6", strings.Repeat("\u5bc6", 99)} {
		t.Run(name, func(t *testing.T) {
			watched := watch(t)
			simtest.Tenant(watched)
			watched.during(func() { watched.Error("it failed"); watched.end() })
		})
	}
	for _, pattern := range []string{"TestTheFilesOfATestHaveItsLetters-gr\u00f6\u00dfer-_\u5bc6-t-*", strings.Repeat("\u5bc6", 33) + "-t-*"} {
		if kept, _ := filepath.Glob(filepath.Join(folder, pattern)); len(kept) != 2 {
			all, _ := filepath.Glob(filepath.Join(folder, "*"))
			t.Errorf("%s: %q", pattern, all)
		}
	}
}

func TestOfATestThatPassedNothingIsKept(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "kept")
	t.Setenv("SYNC_GROUP_SIM_JOURNALS", folder)
	t.Run("it", func(t *testing.T) { list(t, simtest.Tenant(t)) })
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Error(err)
	}
}

func TestAVerificationWithNoExchangeSaysSo(t *testing.T) {
	watched := watch(t)
	t.Setenv("SYNC_GROUP_SIM_JOURNALS", t.TempDir())
	tenant := simtest.Tenant(watched)
	contains(t, watched.during(func() { tenant.Verify(simtest.JSON{"match": simtest.JSON{"operation": "token"}}) }), "no exchange at all")
	contains(t, watched.during(func() { tenant.Control("GET", "nothing", nil) }), "GET /tenants/", "nothing")
}

func TestTheArchiveAndAnyCallAreThere(t *testing.T) {
	tenant := simtest.Tenant(t)
	list(t, tenant)
	contains(t, tenant.HAR(), `"entries"`)
	contains(t, string(tenant.Control("GET", "passwords", nil)), `"identities"`)
	if found := tenant.Journal(simtest.JSON{"operation": "token", "status": 200}); len(found) != 1 {
		t.Error(found)
	}
}
