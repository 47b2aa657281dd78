// The end of a test's tenant: what the client did in a test that failed is logged, and kept in a folder.

package simtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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

var notInNames = regexp.MustCompile(`[^\pL\pM\pN_.-]+`)

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
	lines := tenant.lines()
	kept, err := tenant.keep()
	if err != nil {
		// The test's own failure counts.
		tenant.t.Logf("what the client did (sync-group-sim):\n%s\nit could not be kept: %v", lines, err)
		return
	}
	tenant.t.Logf("what the client did (sync-group-sim):\n%s\njournal: %s, and .har\nSYNC_GROUP_SIM_SEED=%d repeats ids and faults",
		lines, kept, tenant.Seed)
}

// keep writes the journal and the HTTP archive down; it returns the journal's path.
func (tenant *TestTenant) keep() (string, error) {
	folder := os.Getenv("SYNC_GROUP_SIM_JOURNALS")
	if folder == "" {
		folder = journals
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", unwritten(err)
	}
	path := filepath.Join(folder, fileName(tenant.t.Name(), tenant.Name))
	for ending, call := range map[string]string{".json": "journal", ".har": "journal.har"} {
		text, err := tenant.call("GET", call, nil)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(path+ending, text, 0o644); err != nil {
			return "", unwritten(err)
		}
	}
	return path + ".json", nil
}

// unwritten says what could not be written, and why.
func unwritten(err error) error {
	var system *fs.PathError
	if !errors.As(err, &system) {
		return err
	}
	return fmt.Errorf("%s cannot be written (%s); SYNC_GROUP_SIM_JOURNALS names another folder", system.Path, systemWords(err))
}

// fileName is a name for a test's files, which no other test's have.
func fileName(name, tenant string) string {
	name = notInNames.ReplaceAllString(name, "-")
	tail := strings.ToValidUTF8(name[max(0, len(name)-nameLimit):], "")
	return strings.Trim(tail, "-") + "-" + tenant
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
