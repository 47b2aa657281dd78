// What a tenant begins with, from the words of Go into those of `POST /_sim/tenants`.

package simtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Option is something that a tenant begins with.
type Option func(*beginning) error

// beginning is the body that creates a tenant, and what the tenant gets afterwards.
type beginning struct {
	body  JSON
	yaml  *string
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
	return made, nil
}

// Scenario has something go wrong from the start: names of built-in scenarios, paths of scenario files (.yaml, .json)
// beside the test, and whole scenarios as JSON. A YAML file stands alone.
func Scenario(scenarios ...any) Option {
	return func(made *beginning) error {
		listed, _ := made.body["scenarios"].([]any)
		if listed == nil {
			listed = []any{}
		}
		for _, scenario := range scenarios {
			path, isFile := file(scenario)
			if !isFile {
				listed = append(listed, asJSON(scenario))
				continue
			}
			text, err := read(path)
			if err != nil {
				return err
			}
			if filepath.Ext(path) == ".json" {
				listed = append(listed, json.RawMessage(text))
			} else if made.yaml == nil {
				yaml := string(text)
				made.yaml = &yaml
			} else {
				return errAlone
			}
		}
		made.body["scenarios"] = listed
		if made.yaml != nil && len(listed) > 0 {
			return errAlone
		}
		return nil
	}
}

var errAlone = errors.New("a scenario in a YAML file stands alone; expected one file, or names and JSON files")

// Rule has something go wrong: one rule in the words of a scenario file, as an object or as JSON text. The first rule
// comes first.
func Rule(rule any) Option {
	return func(made *beginning) error {
		made.rules = append(made.rules, rule)
		return nil
	}
}

// Fixture is what the tenant has in it: the name of a built-in fixture, the path of a JSON file beside the test, or a
// whole fixture as JSON.
func Fixture(fixture any) Option {
	return func(made *beginning) error {
		path, isFile := file(fixture)
		if !isFile {
			made.body["fixture"] = asJSON(fixture)
			return nil
		}
		if filepath.Ext(path) != ".json" {
			return fmt.Errorf("%s: a fixture in YAML is for a whole run; set SYNC_GROUP_SIM_FIXTURE to its path, "+
				"or give a JSON file, an object, or the name of a built-in one", path)
		}
		text, err := read(path)
		made.body["fixture"] = json.RawMessage(text)
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

// file tells a path from the name of something built in: names have no endings.
func file(value any) (string, bool) {
	path, isText := value.(string)
	return path, isText && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path))
}

// asJSON leaves bytes as they are.
func asJSON(value any) any {
	if text, isText := value.([]byte); isText {
		return json.RawMessage(text)
	}
	return value
}

func read(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	var why *fs.PathError
	if errors.As(err, &why) {
		return nil, fmt.Errorf("%s: %w", path, why.Err)
	}
	if err == nil && filepath.Ext(path) == ".json" && !json.Valid(text) {
		return nil, fmt.Errorf("%s: not JSON: %w", path, json.Unmarshal(text, new(any)))
	}
	return text, err
}
