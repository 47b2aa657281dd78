// A test whose failures are looked at, and do not count.

package simtest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

type watched struct {
	testing.TB
	watches  bool
	said     []string
	cleanups []func()
}

func watch(t testing.TB) *watched {
	watched := &watched{TB: t}
	t.Cleanup(watched.end)
	return watched
}

// during runs what may fail, and returns how it failed.
func (watched *watched) during(run func()) string {
	watched.said, watched.watches = nil, true
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run()
	}()
	<-ended
	said := strings.Join(watched.said, "\n")
	watched.said, watched.watches = nil, false
	return said
}

// end runs the cleanups, the last one first.
func (watched *watched) end() {
	for len(watched.cleanups) > 0 {
		last := len(watched.cleanups) - 1
		cleanup := watched.cleanups[last]
		watched.cleanups = watched.cleanups[:last]
		cleanup()
	}
}

func (watched *watched) Helper()                { watched.TB.Helper() }
func (watched *watched) Cleanup(cleanup func()) { watched.cleanups = append(watched.cleanups, cleanup) }
func (watched *watched) Failed() bool           { return len(watched.said) > 0 }
func (watched *watched) Error(args ...any) {
	watched.said = append(watched.said, fmt.Sprint(args...))
	if !watched.watches {
		watched.TB.Error(args...)
	}
}
func (watched *watched) Fatal(args ...any) {
	watched.Error(args...)
	if !watched.watches {
		watched.TB.FailNow()
	}
	runtime.Goexit()
}
func (watched *watched) Logf(format string, args ...any) {
	watched.said = append(watched.said, fmt.Sprintf(format, args...))
}
