// Starting the program: where it is found, what is said when it is missing, broken, or of another version; and its end.
// The programs of another kind are shell scripts, so these tests run where there is a shell.

package simtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"sync-group-sim/simtest"
)

// answering is a script that says it listens where the test's own server does, and waits until its input ends.
const answering = `#!/bin/sh
[ "$1" != --version ] || { echo sync-group-sim VERSION; exit; }
while [ "$1" != --port-file ]; do shift; done
echo PORT >"$2"
cat >/dev/null
`

// started starts a server of its own by a program with this text, and returns the program's path and how that failed.
func started(t *testing.T, text string) (program, said string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("no shell to be a program of another kind")
	}
	program = filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SYNC_GROUP_SIM_BIN", program)
	return program, startingSaid(t)
}

func startingSaid(t *testing.T) string {
	t.Helper()
	watched := watch(t)
	// An argument asks for a server of its own.
	said := watched.during(func() { simtest.Start(watched, "--drain-timeout", "1s") })
	if said == "" {
		t.Fatal("it started")
	}
	return said
}

func contains(t *testing.T, said string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(said, word) {
			t.Errorf("%q is not in: %s", word, said)
		}
	}
}

func TestAProgramOfAnotherVersionIsRefused(t *testing.T) {
	for _, version := range []string{"0.0.9", "0.9.0", "1.1.0"} {
		other := httptest.NewServer(http.HandlerFunc(func(reply http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(reply, `{"status":"ok","version":%q}`, version)
		}))
		defer other.Close()
		_, port, _ := strings.Cut(other.Listener.Addr().String(), ":")
		program, said := started(t, strings.NewReplacer("PORT", port, "VERSION", version).Replace(answering))
		contains(t, said, program+" is sync-group-sim "+version+", and this Go module is "+simtest.Version, "SYNC_GROUP_SIM_BIN")
	}
}

// olderProgram is a program of this version that knows only the calls which make and delete a tenant; it does not know keys.
func olderProgram(t *testing.T, keys ...string) *simtest.Server {
	t.Helper()
	served := httptest.NewServer(http.HandlerFunc(func(reply http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		for _, key := range keys {
			if strings.Contains(string(body), key) {
				reply.WriteHeader(http.StatusBadRequest)
				fmt.Fprintf(reply, `{"error":"body:1:2: unknown key %s"}`, "`"+key+"`; expected name")
				return
			}
		}
		switch {
		case request.URL.Path == "/_sim/health":
			fmt.Fprintf(reply, `{"status":"ok","version":%q}`, simtest.Version)
		case strings.HasPrefix(request.URL.Path, "/_sim/tenants"):
			fmt.Fprint(reply, `{"name":"it","clients":[],"seed":1}`)
		default:
			_, call, _ := strings.Cut(request.URL.Path, "/_sim/")
			reply.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(reply, `{"error":%q}`, "`/_sim/"+call+"` does not exist; `GET /_sim` lists what does")
		}
	}))
	t.Cleanup(served.Close)
	if runtime.GOOS == "windows" {
		t.Skip("no shell to be a program of another kind")
	}
	_, port, _ := strings.Cut(served.Listener.Addr().String(), ":")
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte(strings.Replace(answering, "PORT", port, 1)), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SYNC_GROUP_SIM_BIN", program)
	return simtest.Start(t, "--drain-timeout", "1s")
}

func TestAProgramOfThisVersionThatIsOlderIsTold(t *testing.T) {
	server := olderProgram(t)
	for lacks, call := range map[string]func(*simtest.TestTenant){
		"it has no `GET /_sim/verdicts`":       func(tenant *simtest.TestTenant) { tenant.Findings() },
		"it has no `POST /_sim/verify`":        func(tenant *simtest.TestTenant) { tenant.Verify(simtest.JSON{}) },
		"it has no `GET /_sim/journal`":        func(tenant *simtest.TestTenant) { tenant.Journal(simtest.JSON{"status": 200}) },
		"it has no `GET /_sim/journal.har`":    func(tenant *simtest.TestTenant) { tenant.HAR() },
		"it has no `POST /_sim/clock/advance`": func(tenant *simtest.TestTenant) { tenant.Advance(time.Second) },
	} {
		watched := watch(t)
		tenant := server.Tenant(watched)
		contains(t, watched.during(func() { call(tenant) }),
			server.Program+" is an older sync-group-sim than this Go module ("+simtest.Version+"): "+lacks+"; expected a program as new")
	}
	watched := watch(t)
	tenant := server.Tenant(watched)
	said := watched.during(func() { tenant.Control("GET", "nothing", nil) })
	if !strings.HasSuffix(said, "`/_sim/nothing` does not exist; `GET /_sim` lists what does") {
		t.Error(said)
	}
}

func TestAnOlderProgramThatDoesNotKnowAKeyOfTheModuleIsTold(t *testing.T) {
	server := olderProgram(t, "drawKey")
	watched := watch(t)
	contains(t, watched.during(func() { server.Tenant(watched) }), "is an older sync-group-sim", ": it does not know `drawKey`; expected")
}

func TestWhereNoFileCanBeWrittenThatIsTold(t *testing.T) {
	t.Setenv("TMPDIR", "/no/such/folder")
	if runtime.GOOS == "windows" {
		t.Skip("another variable")
	}
	contains(t, startingSaid(t), "there is no folder for temporary files (/no/such/folder: no such file or directory); expected one")
}

func TestAServerOfAnotherKindIsRefused(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	_, port, _ := strings.Cut(other.Listener.Addr().String(), ":")
	_, said := started(t, strings.Replace(answering, "PORT", port, 1))
	contains(t, said, "does not answer as sync-group-sim does")
}

func TestAnOlderProgramThatDoesNotKnowAnOptionIsToldByItsVersion(t *testing.T) {
	_, said := started(t, "#!/bin/sh\n[ \"$1\" != --version ] || { echo sync-group-sim 0.0.3; exit 0; }\necho unknown option >&2; exit 2\n")
	contains(t, said, "is sync-group-sim 0.0.3, and this Go module is")
}

func TestWhatAProgramSaysBeforeItEndsIsTold(t *testing.T) {
	_, said := started(t, "#!/bin/sh\n[ \"$1\" != --version ] || { echo sync-group-sim "+simtest.Version+"; exit; }\necho no room >&2; exit 1\n")
	contains(t, said, "ended with code 1 before it listened: no room")
}

func TestAnotherProgramIsTold(t *testing.T) {
	_, said := started(t, "#!/bin/sh\necho something else\n")
	contains(t, said, "is not sync-group-sim: `--version` printed \"something else\"")
}

func TestAProgramThatIsNotWholeIsTold(t *testing.T) {
	_, said := started(t, "#!/bin/sh\nkill -SEGV $$\n")
	contains(t, said, "is not sync-group-sim, or a part of it alone: `--version` printed nothing, and ended with signal segmentation fault",
		"; let SYNC_GROUP_SIM_BIN name the program")
}

func TestAFolderIsTold(t *testing.T) {
	t.Setenv("SYNC_GROUP_SIM_BIN", t.TempDir())
	contains(t, startingSaid(t), "and that is a folder; expected the path of sync-group-sim")
}

func TestAProgramForAnotherPlatformIsTold(t *testing.T) {
	_, said := started(t, "\x7fELF not for here")
	contains(t, said, "cannot be run on this machine", runtime.GOARCH, "; let SYNC_GROUP_SIM_BIN name one")
}

func TestAProgramForAnotherCLibraryIsTold(t *testing.T) {
	_, said := started(t, "#!/no/such/loader\n")
	contains(t, said, "cannot be run on this machine (what runs it is missing: the loader of another C library")
}

func TestAFileThatMayNotBeRunIsTold(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SYNC_GROUP_SIM_BIN", program)
	contains(t, startingSaid(t), program, "cannot be run on this machine (permission denied)", "; try: chmod +x "+program)
	spaced := filepath.Join(filepath.Dir(program), "a program")
	if err := os.Rename(program, spaced); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SYNC_GROUP_SIM_BIN", spaced)
	contains(t, startingSaid(t), "; try: chmod +x '"+spaced+"'")
}

func TestWithoutAProgramTheMessageSaysWhatToDo(t *testing.T) {
	t.Setenv("SYNC_GROUP_SIM_BIN", "")
	t.Setenv("PATH", t.TempDir())
	contains(t, startingSaid(t), "the program sync-group-sim is missing", "SYNC_GROUP_SIM_BIN", "PATH")
	t.Setenv("SYNC_GROUP_SIM_BIN", "../no/such/program")
	contains(t, startingSaid(t), `SYNC_GROUP_SIM_BIN is "../no/such/program", and no program is there (seen from `, "simtest")
}

func TestTheProgramIsFoundOnThePath(t *testing.T) {
	shared := simtest.Start(t)
	folder := t.TempDir()
	if err := os.Symlink(shared.Program, filepath.Join(folder, filepath.Base("sync-group-sim"+filepath.Ext(shared.Program)))); err != nil {
		t.Skip(err)
	}
	t.Setenv("SYNC_GROUP_SIM_BIN", "")
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	own := simtest.Start(t, "--drain-timeout", "1s")
	if filepath.Dir(own.Program) != folder || own.Version != shared.Version {
		t.Errorf("%s, version %s", own.Program, own.Version)
	}
}

func TestVariablesThatWouldTakeTheServerAwayAreLeftOutAndNoProxyIsAsked(t *testing.T) {
	for name, value := range map[string]string{
		"SYNC_GROUP_SIM_CONTROL": "off", "SYNC_GROUP_SIM_TLS_SELF_SIGNED": "true", "SYNC_GROUP_SIM_LISTEN": ":1",
		"SYNC_GROUP_SIM_SEED": "11", "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9",
	} {
		t.Setenv(name, value)
	}
	tenant := simtest.Start(t, "--token-lifetime", "60s").Tenant(t)
	if tenant.Seed != 11 || len(tenant.Journal(nil)) != 0 {
		t.Errorf("seed %d", tenant.Seed)
	}
}

func TestAServerOfItsOwnEndsWithItsTest(t *testing.T) {
	var server *simtest.Server
	watched := watch(t)
	server = simtest.Start(watched, "--drain-timeout", "1s")
	watched.end()
	contains(t, watched.during(func() { server.Tenant(watched) }), "does not answer (", "; the server has ended with exit status 0)")
}

// TestChild is what the tests below run in a process of its own.
func TestChild(t *testing.T) {
	told := os.Getenv("SIMTEST_CHILD")
	if told == "" {
		t.Skip("for the tests that run this one in another process")
	}
	tenant := simtest.Tenant(t)
	if err := os.WriteFile(told, []byte(tenant.BaseURL), 0o644); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("SIMTEST_CHILD_WAITS") != "" {
		select {}
	}
}

// child runs TestChild in another process; end, when it is given, ends it once its tenant is there.
func child(t *testing.T, end func(*os.Process) error) (baseURL string) {
	t.Helper()
	told := filepath.Join(t.TempDir(), "told")
	command := exec.Command(os.Args[0], "-test.run=^TestChild$")
	command.Env = append(os.Environ(), "SIMTEST_CHILD="+told)
	if end != nil {
		command.Env = append(command.Env, "SIMTEST_CHILD_WAITS=yes")
	}
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	// Until its tenant is there, or it is too late.
	for deadline := time.Now().Add(20 * time.Second); end != nil && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if text, err := os.ReadFile(told); err == nil && len(text) > 0 {
			break
		}
	}
	if end != nil {
		_ = end(command.Process)
	}
	err := command.Wait()
	text, unread := os.ReadFile(told)
	if unread != nil || (end == nil && err != nil) {
		t.Fatal(err, said.String())
	}
	return string(text)
}

// ends waits until nobody answers at the address.
func ends(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		reply, err := http.Get(address)
		if err != nil {
			return
		}
		reply.Body.Close()
	}
	t.Errorf("the server at %s still answers", address)
}

func TestTheServerEndsWithTheTestProcess(t *testing.T) {
	ends(t, child(t, nil))
}

func TestTheServerEndsWhenTheTestProcessIsKilled(t *testing.T) {
	ends(t, child(t, (*os.Process).Kill))
}

func TestTheVersionIsTheProgramsOwn(t *testing.T) {
	if server := simtest.Start(t); server.Version != simtest.Version {
		t.Errorf("the program is %s, this module %s", server.Version, simtest.Version)
	}
	var health struct{ Status string }
	reply, err := http.Get(simtest.Start(t).BaseURL + "/_sim/health")
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if err := json.NewDecoder(reply.Body).Decode(&health); err != nil || health.Status != "ok" {
		t.Error(health, err)
	}
}
