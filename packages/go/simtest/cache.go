package simtest

import (
	"flag"
	"sync"
)

// keepNoResult has Go run the tests again each time. Go keeps the result of tests that passed, and looks only at files of
// the module to see whether it still holds: a program elsewhere, and what the server's variables name, may be others by
// then. Without the record of what the tests read, there is nothing that it could keep.
//
// Once, as flags are not for several tests at the same time.
var keepNoResult = sync.OnceFunc(func() {
	if flag.Lookup("test.testlogfile") != nil {
		_ = flag.Set("test.testlogfile", "")
	}
})
