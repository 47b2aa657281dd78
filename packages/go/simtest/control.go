// Control calls: JSON over connections that are kept.

package simtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
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

// control is the control API of one server.
type control struct {
	host string
	http http.Client
}

func newControl(host string) *control {
	// No proxy is asked: the server is on this machine.
	transport := &http.Transport{MaxIdleConnsPerHost: keptConnections, IdleConnTimeout: keptLimit}
	return &control{host: host, http: http.Client{Timeout: callLimit, Transport: transport}}
}

// call returns the status and the answer. A status from 300 up is an error, but for those in also. The body is JSON, or
// text, which is sent as YAML.
func (control *control) call(method, path string, body any, also ...int) (int, []byte, error) {
	request, err := control.request(method, path, body)
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
		return 0, nil, &CallRefused{reply.StatusCode, fmt.Sprintf("%s %s: %s", method, path, words(text))}
	}
	return reply.StatusCode, text, nil
}

func (control *control) silent(err error) error {
	return fmt.Errorf("the simulator at %s does not answer (%w)", control.host, err)
}

func (control *control) request(method, path string, body any) (*http.Request, error) {
	var text []byte
	kind := "application/json"
	switch body := body.(type) {
	case nil:
		kind = ""
	case string:
		text, kind = []byte(body), "application/yaml"
	case json.RawMessage:
		text = body
	default:
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("%s %s: the body cannot be written as JSON: %w", method, path, err)
		}
	}
	request, err := http.NewRequest(method, "http://"+control.host+path, bytes.NewReader(text))
	if err == nil && kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	return request, err
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
