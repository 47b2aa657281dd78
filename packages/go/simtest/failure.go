// The end of a test's tenant: what the client did in a test that failed is logged, and kept in a folder.

package simtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	journals  = "sync-group-sim-journals"
	showLimit = 20 * time.Second
	// nameLimit is how much of a test's name a file's name has, in bytes.
	nameLimit = 100
)

var notInNames = regexp.MustCompile(`[^\w.-]+`)

func (tenant *TestTenant) end() {
	tenant.t.Helper()
	if tenant.t.Failed() {
		tenant.tell()
	}
	if err := tenant.delete(); err != nil {
		tenant.t.Error(err)
	}
}

// tell logs what the client did, a line for each exchange, and where the journal is.
func (tenant *TestTenant) tell() {
	tenant.t.Helper()
	kept, err := tenant.keep()
	if err != nil {
		// The test's own failure counts.
		tenant.t.Logf("what the client did could not be kept: %v", err)
		return
	}
	tenant.t.Logf("what the client did (sync-group-sim):\n%s\njournal: %s, and .har\nSYNC_GROUP_SIM_SEED=%d repeats ids and faults",
		tenant.lines(), kept, tenant.Seed)
}

// keep writes the journal and the HTTP archive down; it returns the journal's path.
func (tenant *TestTenant) keep() (string, error) {
	folder := os.Getenv("SYNC_GROUP_SIM_JOURNALS")
	if folder == "" {
		folder = journals
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	name := notInNames.ReplaceAllString(tenant.t.Name(), "-")
	path := filepath.Join(folder, name[max(0, len(name)-nameLimit):]+"-"+tenant.Name)
	for ending, call := range map[string]string{".json": "journal", ".har": "journal.har"} {
		text, err := tenant.call("GET", call, nil)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(path+ending, text, 0o644); err != nil {
			return "", err
		}
	}
	return path + ".json", nil
}

// lines are the journal as the program shows it.
func (tenant *TestTenant) lines() string {
	limited, cancel := context.WithTimeout(context.Background(), showLimit)
	defer cancel()
	shown, _ := exec.CommandContext(limited, tenant.server.Program, "journal", "--url", tenant.BaseURL).Output()
	if text := strings.TrimRight(string(shown), "\n"); text != "" {
		return text
	}
	return "no request came"
}
