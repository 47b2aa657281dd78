// What a tenant begins with, from the words of Go into those of `POST /_sim/tenants`.

package simtest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Option is something that a tenant begins with.
type Option func(*beginning) error

// beginning is the body that creates a tenant, and what the tenant gets afterwards.
type beginning struct {
	body      JSON
	scenarios []any
	// file is a scenario file that stands alone.
	file  *file
	rules []any
	clock any
}

func begin(options []Option) (*beginning, error) {
	made := &beginning{body: JSON{}}
	for _, option := range options {
		if err := option(made); err != nil {
			return nil, err
		}
	}
	return made, made.putScenarios()
}

// Scenario has something go wrong from the start: names of built-in scenarios, paths of scenario files (.yaml, .json)
// beside the test, and whole scenarios as JSON. A YAML file stands alone.
func Scenario(scenarios ...any) Option {
	return func(made *beginning) error {
		for _, scenario := range scenarios {
			path, is := isFile(scenario)
			if !is {
				made.scenarios = append(made.scenarios, asJSON(scenario))
				continue
			}
			found, err := read(path)
			if err != nil {
				return err
			}
			made.scenarios = append(made.scenarios, found)
		}
		// An empty list is no scenario, whatever the server has.
		if made.scenarios == nil {
			made.scenarios = []any{}
		}
		return nil
	}
}

// putScenarios puts them into the body, but for a file that stands alone, which the tenant gets afterwards.
func (made *beginning) putScenarios() error {
	if made.scenarios == nil {
		return nil
	}
	listed := make([]any, len(made.scenarios))
	for index, scenario := range made.scenarios {
		listed[index] = scenario
		found, is := scenario.(*file)
		if !is {
			continue
		}
		if len(listed) == 1 {
			made.file, listed = found, []any{}
			break
		}
		value, err := found.value()
		if err != nil {
			return err
		}
		listed[index] = value
	}
	made.body["scenarios"] = listed
	return nil
}

// Rule has something go wrong: one rule in the words of a scenario file, as an object or as JSON text. The first rule
// comes first.
func Rule(rule any) Option {
	return func(made *beginning) error {
		made.rules = append(made.rules, rule)
		return nil
	}
}

// Fixture is what the tenant has in it: the name of a built-in fixture, the path of a file (.yaml, .json) beside the test,
// or a whole fixture as JSON.
func Fixture(fixture any) Option {
	return func(made *beginning) error {
		path, is := isFile(fixture)
		if !is {
			made.body["fixture"] = asJSON(fixture)
			return nil
		}
		found, err := read(path)
		made.body["fixture"] = found
		return err
	}
}

// ManualClock has the tenant's time move only by Advance.
func ManualClock() Option { return Clock(JSON{"mode": "manual"}) }

// SkippingClock has the tenant's time jump over what its faults wait for.
func SkippingClock() Option { return Clock(JSON{"mode": "skipping"}) }

// Clock sets the tenant's clock: its mode, its time (now), or both.
func Clock(settings JSON) Option {
	return func(made *beginning) error {
		made.clock = settings
		return nil
	}
}

// Name is what the server calls the tenant; made up when left out.
func Name(name string) Option { return set("name", name) }

// Seed is what ids and faults are drawn from.
func Seed(seed uint64) Option { return set("seed", seed) }

// DrawKey is, with the seed, what ids and faults are drawn from; the test's name when left out.
func DrawKey(key string) Option { return set("drawKey", key) }

// longestDrawKey is in bytes; the control API takes as many characters.
const longestDrawKey = 200

// drawKeyOf is what the draws of the test of this name are made with, which no other test's are.
func drawKeyOf(name string) string {
	if len(name) <= longestDrawKey {
		return name
	}
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(name)))[:16]
	return digest + "-" + strings.ToValidUTF8(name[len(name)-longestDrawKey+len(digest)+1:], "")
}

// Prerequisites are enforced ("enforce") or not ("ignore").
func Prerequisites(choice string) Option { return set("prerequisites", choice) }

// RateLimit is "off", or such as "100/10s".
func RateLimit(limit string) Option { return set("rateLimit", limit) }

// TokenLifetime is how long a token is good for.
func TokenLifetime(lifetime time.Duration) Option { return set("tokenLifetime", inWords(lifetime)) }

// PasswordChangeTime is how long a source takes for a password change.
func PasswordChangeTime(time time.Duration) Option { return set("passwordChangeTime", inWords(time)) }

// SimFault says whether answers tell which rule made them: "shown" or "hidden".
func SimFault(choice string) Option { return set("simFault", choice) }

func set(name string, value any) Option {
	return func(made *beginning) error {
		made.body[name] = value
		return nil
	}
}

// inWords is a duration as the control API takes it; no wait becomes shorter.
func inWords(duration time.Duration) string {
	milliseconds := duration.Milliseconds()
	if time.Duration(milliseconds)*time.Millisecond < duration {
		milliseconds++
	}
	return fmt.Sprintf("%dms", milliseconds)
}

// asJSON leaves bytes as they are.
func asJSON(value any) any {
	if text, isText := value.([]byte); isText {
		return json.RawMessage(text)
	}
	return value
}
