// Starts and stops the program.

package simtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	startLimit = 20 * time.Second
	stopLimit  = 10 * time.Second
	poll       = 2 * time.Millisecond
	// endingLimit is how much later than its connections a process may be gone.
	endingLimit = 500 * time.Millisecond
	// loggedLimit is how much of what a server says is held, in bytes.
	loggedLimit = 64 << 10
)

// notOurs are variables of the server that would take it away from its own tests; the others take effect.
var notOurs = []string{
	"LISTEN", "PORT_FILE", "TLS_CERT", "TLS_KEY", "TLS_SELF_SIGNED", "TLS_CA_FILE", "CONTROL", "CONTROL_TOKEN",
}

// Server is a running server on a free port of this machine.
type Server struct {
	// BaseURL is the base URL of the tenant default.
	BaseURL string
	// Program is the path of the program that runs, and Version its version.
	Program, Version string

	control *control
	process *process
}

// sharedServer starts the server of the process, once.
var sharedServer = sync.OnceValues(func() (*Server, error) { return start(nil) })

func start(arguments []string) (*Server, error) {
	program, err := find()
	if err != nil {
		return nil, err
	}
	// It holds the port for a moment only.
	folder, err := os.MkdirTemp("", "sync-group-sim-")
	if err != nil {
		return nil, fmt.Errorf("there is no folder for temporary files (%s: %s); expected one that may be written: set TMPDIR",
			os.TempDir(), systemWords(err))
	}
	defer os.RemoveAll(folder)
	portFile := filepath.Join(folder, "port")
	process, err := spawn(program, append(slices.Clip(arguments), "--port-file", portFile))
	if err != nil {
		return nil, err
	}
	server, err := process.listening(portFile)
	if err != nil {
		process.stop()
		return nil, err
	}
	return server, nil
}

// process is the running program.
type process struct {
	program string
	command *exec.Cmd
	stdin   io.Closer
	said    said
	ended   chan struct{}
}

func spawn(program string, arguments []string) (*process, error) {
	command := exec.Command(program, append([]string{
		"serve", "--listen", "127.0.0.1:0", "--log", "off",
	}, arguments...)...)
	command.Env = append(ours(os.Environ()), "SYNC_GROUP_SIM_STOP_WITH_STDIN=true")
	spawned := &process{program: program, command: command, ended: make(chan struct{})}
	command.Stderr = &spawned.said
	// The other end closes with this process, however that ends, and with it the server does.
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	spawned.stdin = stdin
	if err := command.Start(); err != nil {
		return nil, cannotRun(program, err)
	}
	go func() {
		_ = command.Wait()
		close(spawned.ended)
	}()
	return spawned, nil
}

// ours is the environment without what would take the server away.
func ours(environment []string) []string {
	return slices.DeleteFunc(environment, func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		own, found := strings.CutPrefix(strings.ToUpper(name), "SYNC_GROUP_SIM_")
		return found && slices.Contains(notOurs, own)
	})
}

// listening is the server, once it listens.
func (process *process) listening(portFile string) (*Server, error) {
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); {
		port, err := os.ReadFile(portFile)
		if text := strings.TrimSpace(string(port)); err == nil && text != "" {
			return process.server(text)
		}
		select {
		case <-process.ended:
			return nil, process.whyItEnded()
		case <-time.After(poll):
		}
	}
	return nil, fmt.Errorf("%s did not listen within %s", process.program, startLimit)
}

func (process *process) server(port string) (*Server, error) {
	server := &Server{
		BaseURL: "http://127.0.0.1:" + port, Program: process.program,
		control: newControl("127.0.0.1:"+port, process.program, process.ending), process: process,
	}
	var health struct{ Version string }
	_, text, err := server.control.call("GET", "/_sim/health", nil)
	var refused *CallRefused
	if err != nil && !errors.As(err, &refused) {
		return nil, err
	}
	if err != nil || json.Unmarshal(text, &health) != nil || health.Version == "" {
		return nil, fmt.Errorf("%s does not answer as sync-group-sim does; see %s", process.program, variable)
	}
	server.Version = health.Version
	return server, mismatch(health.Version, process.program)
}

// whyItEnded says why it ended before it listened: a program of another version may not know an option.
func (process *process) whyItEnded() error {
	version, err := versionOf(process.program)
	if err != nil {
		return err
	}
	if wrong := mismatch(version, process.program); wrong != nil {
		return wrong
	}
	text := strings.TrimSpace(process.said.String())
	if text == "" {
		text = "it said nothing"
	}
	return fmt.Errorf("%s ended with code %d before it listened: %s",
		process.program, process.command.ProcessState.ExitCode(), text)
}

// systemWords are the system's for what went wrong.
func systemWords(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return err.Error()
}

// ending says how the server ended, if it did: a system that runs out of memory kills.
func (process *process) ending() string {
	select {
	case <-process.ended:
		return "; the server has ended with " + inState(process.command.ProcessState)
	case <-time.After(endingLimit):
		return ""
	}
}

// stop ends the server, and returns when it has ended.
func (process *process) stop() {
	_ = process.stdin.Close()
	select {
	case <-process.ended:
	case <-time.After(stopLimit):
		_ = process.command.Process.Kill()
		<-process.ended
	}
}

// said is what the program writes to its standard error.
type said struct {
	mutex sync.Mutex
	text  []byte
}

func (said *said) Write(piece []byte) (int, error) {
	said.mutex.Lock()
	defer said.mutex.Unlock()
	said.text = append(said.text, piece[:min(len(piece), loggedLimit-len(said.text))]...)
	return len(piece), nil
}

func (said *said) String() string {
	said.mutex.Lock()
	defer said.mutex.Unlock()
	return string(said.text)
}
