// What is said where the server cannot be reached, which no test brings about.

package simtest

import (
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
)

func TestWhyThereWasNoAnswerIsToldWithoutALibrarysWords(t *testing.T) {
	control := newControl("127.0.0.1:1", "program", func() string { return "" })
	dialled := func(number syscall.Errno) error {
		return &url.Error{Op: "Get", URL: "http://127.0.0.1:1", Err: &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", number)}}
	}
	for expected, err := range map[string]error{
		syscall.ECONNREFUSED.Error(): dialled(syscall.ECONNREFUSED),
		syscall.ENETUNREACH.Error() + "; expected a loopback interface that is up; in a sandbox without a network, try: ip link set lo up": dialled(syscall.ENETUNREACH),
		"it ended the connection": &url.Error{Op: "Get", Err: io.EOF},
		"nothing came for 30s":    &url.Error{Op: "Get", Err: os.ErrDeadlineExceeded},
		"what it sent is no HTTP": &url.Error{Op: "Get", Err: errors.New("malformed HTTP response")},
	} {
		if found := control.silent(err).Error(); found != "the simulator at 127.0.0.1:1 does not answer ("+expected+")" {
			t.Error(found)
		}
	}
}
