// Control calls: JSON over connections that are kept.

package simtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	callLimit = 30 * time.Second
	// keptLimit is how long a connection may be idle: the server closes them after five minutes.
	keptLimit = time.Minute
	// keptConnections are kept for tests that run at the same time.
	keptConnections = 64
)

// CallRefused is a control call that was refused; its message is the server's own.
type CallRefused struct {
	// Status is the status of the answer.
	Status  int
	message string
}

func (refused *CallRefused) Error() string { return refused.message }

// control is the control API of one server, which a program serves.
type control struct {
	host, program string
	// ending says how the server ended, if it did.
	ending func() string
	http   http.Client
}

func newControl(host, program string, ending func() string) *control {
	// No proxy is asked: the server is on this machine.
	transport := &http.Transport{MaxIdleConnsPerHost: keptConnections, IdleConnTimeout: keptLimit}
	return &control{host: host, program: program, ending: ending, http: http.Client{Timeout: callLimit, Transport: transport}}
}

// call returns the status and the answer. A status from 300 up is an error, but for those in also. The body is JSON, which
// may have a file as its fixture; text, which is sent as YAML; or a file as it is.
func (control *control) call(method, path string, body any, also ...int) (int, []byte, error) {
	request, about, err := control.request(method, path, body)
	if err != nil {
		return 0, nil, err
	}
	reply, err := control.http.Do(request)
	if err != nil {
		return 0, nil, control.silent(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return 0, nil, control.silent(err)
	}
	if reply.StatusCode >= 300 && !slices.Contains(also, reply.StatusCode) {
		message := words(text)
		if about.file != nil && strings.HasPrefix(message, about.called+":") {
			message = about.file.named(message, about.called)
		} else {
			message = fmt.Sprintf("%s %s: %s", method, path, message)
		}
		return 0, nil, &CallRefused{reply.StatusCode, message}
	}
	return reply.StatusCode, text, nil
}

// own is a call that every program of this module's version knows; else it is as call.
func (control *control) own(method, path string, body any, also ...int) (int, []byte, error) {
	status, text, err := control.call(method, path, body, also...)
	var refused *CallRefused
	if errors.As(err, &refused) {
		if lacks := lack(refused, method, path); lacks != "" {
			err = older(control.program, lacks)
		}
	}
	return status, text, err
}

// lack is what a program that refused one of this module's own calls does not know, if it is that.
func lack(refused *CallRefused, method, path string) string {
	isNone := refused.Status == http.StatusNotFound || refused.Status == http.StatusMethodNotAllowed
	if isNone && strings.Contains(refused.message, "`/_sim/") {
		call, _, _ := strings.Cut(path[strings.Index(path, "/_sim/"):], "?")
		return fmt.Sprintf("it has no `%s %s`", method, call)
	}
	if strings.Contains(refused.message, "unknown key `drawKey`") {
		return "it does not know `drawKey`"
	}
	return ""
}

// silent says why there was no answer, without the words of a library.
func (control *control) silent(err error) error {
	why, advice := "it ended the connection", ""
	var number syscall.Errno
	switch {
	case errors.As(err, &number):
		why = number.Error()
		if slices.Contains(noLoopback, number) {
			advice = "; expected a loopback interface that is up; in a sandbox without a network, try: ip link set lo up"
		}
	case os.IsTimeout(err):
		why = fmt.Sprintf("nothing came for %s", callLimit)
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		why = "what it sent is no HTTP"
	}
	return fmt.Errorf("the simulator at %s does not answer (%s%s%s)", control.host, why, advice, control.ending())
}

// noLoopback is what the system says where not even this machine itself can be reached.
var noLoopback = []syscall.Errno{syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EADDRNOTAVAIL}

// within is the file in a body, if there is one, and what the server calls that.
type within struct {
	file   *file
	called string
}

func (control *control) request(method, path string, body any) (*http.Request, within, error) {
	text, kind, about, err := sent(body)
	if err != nil {
		return nil, about, fmt.Errorf("%s %s: %w", method, path, err)
	}
	request, err := http.NewRequest(method, "http://"+control.host+path, bytes.NewReader(text))
	if err == nil && kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	return request, about, err
}

// sent is a body as it is sent, its media type, and the file in it.
func sent(body any) (text []byte, kind string, about within, err error) {
	switch body := body.(type) {
	case nil:
		return nil, "", within{}, nil
	case string:
		return []byte(body), "application/yaml", within{}, nil
	case *file:
		return body.content, body.mediaType(), within{body, "body"}, nil
	case JSON:
		if fixture, is := body["fixture"].(*file); is {
			about = within{fixture, "fixture"}
			body = maps.Clone(body)
			if body["fixture"], err = fixture.text(); err != nil {
				return nil, "", about, err
			}
		}
		text, err = json.Marshal(body)
	default:
		text, err = json.Marshal(body)
	}
	if err != nil {
		err = fmt.Errorf("the body cannot be written as JSON: %w", err)
	}
	return text, "application/json", about, err
}

// words are the server's.
func words(answer []byte) string {
	var refusal struct{ Error string }
	if json.Unmarshal(answer, &refusal) == nil && refusal.Error != "" {
		return refusal.Error
	}
	if text := strings.TrimSpace(string(answer)); text != "" {
		return text
	}
	return "no answer"
}
