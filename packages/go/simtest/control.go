// Control calls: JSON over connections that are kept.

package simtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
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
		message := fmt.Sprintf("%s %s: %s", method, path, words(text))
		if about != nil {
			before := 0
			if _, is := body.(*file); !is {
				before = len(beforeFixture)
			}
			message = about.named(words(text), before)
		}
		return 0, nil, &CallRefused{reply.StatusCode, message}
	}
	return reply.StatusCode, text, nil
}

func (control *control) silent(err error) error {
	return fmt.Errorf("the simulator at %s does not answer (%w)", control.host, err)
}

// request also returns the file in the body, if there is one.
func (control *control) request(method, path string, body any) (*http.Request, *file, error) {
	var text []byte
	var about *file
	kind := "application/json"
	switch body := body.(type) {
	case nil:
		kind = ""
	case string:
		text, kind = []byte(body), "application/yaml"
	case json.RawMessage:
		text = body
	case *file:
		text, kind, about = body.content, body.mediaType(), body
	default:
		var err error
		if text, about, err = written(body); err != nil {
			return nil, nil, fmt.Errorf("%s %s: the body cannot be written as JSON: %w", method, path, err)
		}
	}
	request, err := http.NewRequest(method, "http://"+control.host+path, bytes.NewReader(text))
	if err == nil && kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	return request, about, err
}

const beforeFixture = `{"fixture": `

// written is a body of JSON, and the file in it, if there is one. The file comes first, so that its lines are the body's.
func written(body any) ([]byte, *file, error) {
	members, _ := body.(JSON)
	about, is := members["fixture"].(*file)
	if !is {
		text, err := json.Marshal(body)
		return text, nil, err
	}
	others := maps.Clone(members)
	delete(others, "fixture")
	rest, err := json.Marshal(others)
	if err != nil {
		return nil, nil, err
	}
	if len(others) > 0 {
		rest[0] = ','
	} else {
		rest = rest[1:]
	}
	return slices.Concat([]byte(beforeFixture), about.utf8(), rest), about, nil
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
