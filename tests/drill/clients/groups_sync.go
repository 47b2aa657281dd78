// The same job as groups_sync.py, in Go and its net/http: lists page by page, creates, updates, deletes, and reads back
// what it did. It ends with 0 when all is as intended, else with 1 and a sentence.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"
)

const (
	groupsPath  = "/v2024/password-sync-groups"
	source      = "2c918084660f45d6016617daa9210"
	policy      = "2c91808d744ba0ce01746f93b6204501"
	stricter    = "2c91808d744ba0ce01746f93b6204503"
	tries       = 5
	reads       = 7
	longestWait = time.Minute
)

type group struct {
	ID       string   `json:"id,omitempty"`
	Name     string   `json:"name"`
	PolicyID string   `json:"passwordPolicyId"`
	Sources  []string `json:"sourceIds"`
}

// refused is a no that would be a no again; unclear an end that does not tell whether the operation happened.
type refused struct {
	status int
	text   string
}
type unclear struct {
	text string
	told time.Duration
}

func (e refused) Error() string { return e.text }
func (e unclear) Error() string { return e.text }

func isStatus(err error, status int) bool {
	var told refused
	return errors.As(err, &told) && told.status == status
}

// pause is how long to wait after an end: as long as it asked for, if that is longer than the back-off.
func pause(err error, step int) time.Duration {
	var end unclear
	errors.As(err, &end)
	return max(backoff(step), min(end.told, longestWait))
}

func isUnclear(err error) bool {
	var end unclear
	return errors.As(err, &end)
}

type answer struct {
	status  int
	headers http.Header
	body    []byte
}

type client struct {
	base, id, secret, token string
	http                    *http.Client
}

func backoff(step int) time.Duration {
	top := min(8*time.Second, 500*time.Millisecond<<step)
	return top/2 + time.Duration(rand.Int63n(int64(top/2)))
}

// toldWait is what an answer asks for, if it can be read.
func toldWait(headers http.Header) time.Duration {
	value := headers.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	until, err := http.ParseTime(value)
	now, err2 := http.ParseTime(headers.Get("Date"))
	if err != nil || err2 != nil {
		return 0
	}
	return until.Sub(now)
}

func (c *client) send(method, path, contentType string, body []byte) (answer, error) {
	request, err := http.NewRequest(method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", contentType)
	if c.token != "" && path != "/oauth/token" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	reply, err := c.http.Do(request)
	if err != nil {
		return answer{}, unclear{text: err.Error()}
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return answer{}, unclear{text: fmt.Sprintf("%s: no whole answer: %v", method, err)}
	}
	return answer{reply.StatusCode, reply.Header, text}, nil
}

// repeat does `once` while that is safe and sensible; `done` tells that an answer was good.
func repeat(what string, unclearEnds bool, once func() (answer, bool, error)) (answer, error) {
	var trouble string
	for count := 0; count < tries; count++ {
		var told time.Duration
		got, done, err := once()
		switch {
		case err == nil && done:
			return got, nil
		case err != nil && (!isUnclear(err) || unclearEnds):
			return got, err
		case err != nil:
			trouble = err.Error()
		default:
			trouble = fmt.Sprintf("%d %.120s", got.status, got.body)
			if got.status < 500 && got.status != 429 {
				return got, refused{got.status, what + ": " + trouble}
			}
			if got.status != 429 && unclearEnds {
				return got, unclear{what + ": " + trouble, toldWait(got.headers)}
			}
			told = toldWait(got.headers)
		}
		if told > longestWait {
			return got, fmt.Errorf("%s: asked to wait for %v", what, told)
		}
		if count+1 < tries {
			time.Sleep(max(backoff(count), told+100*time.Millisecond))
		}
	}
	return answer{}, fmt.Errorf("%s: %s; gave up after %d tries", what, trouble, tries)
}

func (c *client) renew() error {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.id}, "client_secret": {c.secret}}
	var value struct {
		Token string `json:"access_token"`
	}
	_, err := repeat("POST /oauth/token", false, func() (answer, bool, error) {
		got, err := c.send("POST", "/oauth/token", "application/x-www-form-urlencoded", []byte(form.Encode()))
		if err != nil || got.status != 200 {
			return got, false, err
		}
		if json.Unmarshal(got.body, &value) != nil || value.Token == "" {
			return got, false, unclear{text: "the answer to the token call holds no token"}
		}
		return got, true, nil
	})
	c.token = value.Token
	return err
}

func (c *client) call(method, path string, body, into any, unclearEnds bool) (answer, error) {
	what := method + " " + strings.SplitN(path, "?", 2)[0]
	text := []byte(nil)
	if body != nil {
		text, _ = json.Marshal(body)
	}
	renewed := false
	return repeat(what, unclearEnds, func() (answer, bool, error) {
		for {
			if c.token == "" {
				if err := c.renew(); err != nil {
					return answer{}, false, fmt.Errorf("no token: %v", err)
				}
			}
			got, err := c.send(method, path, "application/json", text)
			if err != nil {
				return got, false, err
			}
			if got.status == 401 && !renewed {
				renewed, c.token = true, ""
				continue
			}
			if got.status >= 300 {
				return got, false, nil
			}
			if into != nil && json.Unmarshal(got.body, into) != nil {
				return got, false, unclear{text: fmt.Sprintf("%s: %d, but not what was asked for", what, got.status)}
			}
			return got, true, nil
		}
	})
}

func (c *client) list(limit int) (map[string]group, error) {
	found := map[string]group{}
	for offset, total := 0, -1; total < 0 || offset < total; {
		var page []group
		path := fmt.Sprintf("%s?limit=%d&offset=%d&count=true", groupsPath, limit, offset)
		got, err := c.call("GET", path, nil, &page, false)
		if err != nil {
			return nil, err
		}
		if total, err = strconv.Atoi(got.headers.Get("X-Total-Count")); err != nil {
			total = -1
		}
		if len(page) == 0 {
			if offset < total {
				return nil, fmt.Errorf("the list ends at %d of %d groups", offset, total)
			}
			break
		}
		for _, one := range page {
			found[one.Name] = one
		}
		offset += len(page)
	}
	return found, nil
}

func (c *client) create(name string, sources ...string) (string, error) {
	var end error
	for count := 0; count < tries; count++ {
		var made group
		_, err := c.call("POST", groupsPath, group{Name: name, PolicyID: policy, Sources: sources}, &made, true)
		if err == nil && made.ID != "" {
			return made.ID, nil
		}
		if err == nil {
			err = unclear{text: "the answer to the create holds no id"}
		}
		if !isUnclear(err) && (end == nil || !isStatus(err, 400)) {
			return "", err
		}
		end = err
		time.Sleep(pause(err, count))
		there, err := c.list(250)
		if err != nil {
			return "", err
		}
		if one, ok := there[name]; ok {
			return one.ID, nil
		}
	}
	return "", fmt.Errorf("%s could not be created: %v", name, end)
}

// settled is the group once a read shows it as it must be; one read may be old.
func (c *client) settled(id string, holds func(*group) bool) (group, error) {
	for count := 0; count < reads; count++ {
		var one group
		_, err := c.call("GET", groupsPath+"/"+id, nil, &one, false)
		if err != nil && !isStatus(err, 404) {
			return one, err
		}
		if err != nil && holds(nil) || err == nil && holds(&one) {
			return one, nil
		}
		if count+1 < reads {
			time.Sleep(backoff(count))
		}
	}
	return group{}, fmt.Errorf("%s: %d reads do not show what was done", id, reads)
}

func (c *client) update(id string, change func(*group)) error {
	for count := 0; count < tries; count++ {
		one, err := c.settled(id, func(found *group) bool { return found != nil })
		if err != nil {
			return err
		}
		change(&one)
		if _, err = c.call("PUT", groupsPath+"/"+id, one, &group{}, false); err == nil {
			_, err = c.settled(id, func(found *group) bool { return found != nil && reflect.DeepEqual(*found, one) })
			return err
		}
		if !isStatus(err, 409) {
			return err
		}
		time.Sleep(backoff(count))
	}
	return fmt.Errorf("%s: changed by others each time", id)
}

func (c *client) remove(id string) error {
	for count := 0; ; count++ {
		_, err := c.call("DELETE", groupsPath+"/"+id, nil, nil, true)
		if err == nil || count > 0 && isStatus(err, 404) {
			break
		}
		if !isUnclear(err) || count+1 == tries {
			return err
		}
		time.Sleep(pause(err, count))
	}
	_, err := c.settled(id, func(found *group) bool { return found == nil })
	return err
}

func (c *client) job() error {
	before, err := c.list(1)
	if err != nil {
		return err
	}
	if _, there := before["Trial"]; there {
		return errors.New("Trial is there already")
	}
	trial, err := c.create("Trial", source+"584", source+"500")
	if err != nil {
		return err
	}
	engineering, err := c.create("Engineering", source+"601", source+"602")
	if err != nil {
		return err
	}
	if err := c.update(engineering, func(one *group) { one.Sources = append(one.Sources, source+"609") }); err != nil {
		return err
	}
	if err := c.update(trial, func(one *group) { one.PolicyID = stricter }); err != nil {
		return err
	}
	if err := c.remove(trial); err != nil {
		return err
	}
	sales, err := c.create("Sales", source+"584", source+"500")
	if err != nil {
		return err
	}
	_, err = c.settled(sales, func(found *group) bool { return found != nil && found.Name == "Sales" })
	return err
}

func main() {
	c := client{
		base: os.Getenv("SAIL_BASE_URL"), id: os.Getenv("SAIL_CLIENT_ID"), secret: os.Getenv("SAIL_CLIENT_SECRET"),
		http: &http.Client{Timeout: 15 * time.Second},
	}
	if err := c.job(); err != nil {
		fmt.Fprintln(os.Stderr, "groups_sync.go:", err)
		os.Exit(1)
	}
}
