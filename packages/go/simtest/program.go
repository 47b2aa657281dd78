// Finds the program: SYNC_GROUP_SIM_BIN, else on the PATH; and asks it for its version.

package simtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

const (
	variable = "SYNC_GROUP_SIM_BIN"
	askLimit = 20 * time.Second
	// saidLimit is how much of a wrong program's words a message holds, in bytes.
	saidLimit = 200
)

var (
	itsVersion = regexp.MustCompile(`^sync-group-sim (\d+\.\d+\.\S+)$`)
	// plain is a path that no shell takes apart.
	plain = regexp.MustCompile(`^[\w@%+=:,./-]+$`)
)

// find returns the program's path.
func find() (string, error) {
	if named := os.Getenv(variable); named != "" {
		found, err := exec.LookPath(named)
		if errors.Is(err, fs.ErrPermission) {
			return "", cannotRun(named, err)
		}
		if err != nil {
			what := "no program is there"
			if found, err := os.Stat(named); err == nil && found.IsDir() {
				what = "that is a folder"
			}
			return "", fmt.Errorf("%s is %q, and %s%s; expected the path of sync-group-sim, "+
				"or %s unset for the one on the PATH", variable, named, what, startOf(named), variable)
		}
		return filepath.Abs(found)
	}
	found, err := exec.LookPath("sync-group-sim")
	if err != nil {
		return "", fmt.Errorf("the program sync-group-sim is missing: %s is not set, and it is not on the PATH; "+
			"install it (docs/install.md says how), or set %s to its path", variable, variable)
	}
	return filepath.Abs(found)
}

// startOf says where a relative path begins: Go runs the tests of a package in the package's folder.
func startOf(path string) string {
	folder, err := os.Getwd()
	if err != nil || filepath.IsAbs(path) || !strings.ContainsAny(path, `/\`) {
		return ""
	}
	return fmt.Sprintf(" (seen from %s, where its tests run)", folder)
}

// versionOf is what the program says to --version.
func versionOf(program string) (string, error) {
	limited, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	var said bytes.Buffer
	asked := exec.CommandContext(limited, program, "--version")
	asked.Stdout, asked.Stderr = &said, &said
	err := asked.Run()
	if found := itsVersion.FindStringSubmatch(strings.TrimSpace(said.String())); found != nil {
		return found[1], nil
	}
	var ended *exec.ExitError
	if limited.Err() != nil || err != nil && !errors.As(err, &ended) {
		return "", cannotRun(program, err)
	}
	return "", another(program, strings.TrimSpace(said.String()), asked.ProcessState)
}

// another is what to say about a program that does not tell its version.
func another(program, said string, ended *os.ProcessState) error {
	what, printed, how := "is not sync-group-sim", fmt.Sprintf("%q", said[:min(saidLimit, len(said))]), ""
	if said == "" {
		what, printed = what+", or a part of it alone", "nothing"
	}
	if !ended.Success() {
		how = ", and ended with " + inState(ended)
	}
	return fmt.Errorf("%s %s: `--version` printed %s%s; let %s name the program", program, what, printed, how, variable)
}

// inState is an exit status or a signal, to follow "ended with".
func inState(ended *os.ProcessState) string {
	return strings.Replace(ended.String(), "signal: ", "signal ", 1)
}

// cannotRun says why a program that is there does not run.
func cannotRun(program string, err error) error {
	why := "it does not answer"
	var system *fs.PathError
	if errors.Is(err, fs.ErrNotExist) {
		why = "what runs it is missing: the loader of another C library, or a script's interpreter"
	} else if errors.As(err, &system) {
		why = system.Err.Error()
	} else if errors.Is(err, fs.ErrPermission) {
		why = fs.ErrPermission.Error()
	}
	advice := "; let " + variable + " name one"
	if errors.Is(err, fs.ErrPermission) && runtime.GOOS != "windows" {
		advice = "; try: chmod +x " + quoted(program)
	}
	return fmt.Errorf("%s cannot be run on this machine (%s); expected sync-group-sim for %s on %s%s",
		program, why, runtime.GOOS, runtime.GOARCH, advice)
}

// quoted is a path as a shell reads it.
func quoted(path string) string {
	if plain.MatchString(path) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
