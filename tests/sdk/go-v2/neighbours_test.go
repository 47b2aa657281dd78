// Drives what surrounds password sync groups by the names of the SDK's own methods, so that one test serves every API
// version: its packages have the same methods, on types of their own. Bodies are read into the SDK's models from JSON, and
// its typed results are compared as the JSON that it makes of them.
package sdk

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"testing"
)

type object = map[string]any

var versions = []string{"V3", "Beta", "V2024", "V2025", "V2026"}

// inEveryVersion runs a test in every version but those, each with a server of its own.
func inEveryVersion(t *testing.T, but []string, test func(*testing.T, neighbours)) {
	t.Helper()
	for _, version := range versions {
		if slices.Contains(but, version) {
			continue
		}
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			baseURL := simulator(t, "--fixture", "demo", "--password-change-time", "0s")
			test(t, neighboursFor(t, baseURL, version, "ADMIN"))
		})
	}
}

// neighbours is the SDK's client of one version for one caller.
type neighbours struct {
	t                *testing.T
	baseURL, version string
	client           reflect.Value
}

func neighboursFor(t *testing.T, baseURL, version, caller string) neighbours {
	t.Helper()
	client := reflect.ValueOf(connect(t, baseURL, caller)).Elem().FieldByName(version)
	settings := client.MethodByName("GetConfig").Call(nil)[0].Elem()
	settings.FieldByName("Experimental").SetBool(true)
	return neighbours{t, baseURL, version, client}
}

// as is the same version for another caller.
func (of neighbours) as(caller string) neighbours {
	return neighboursFor(of.t, of.baseURL, of.version, caller)
}

// sayExperimental sends the header of experimental operations with every call, for those of which the SDK does not know
// that they are.
func (of neighbours) sayExperimental() {
	of.client.MethodByName("GetConfig").Call(nil)[0].Elem().FieldByName("DefaultHeader").
		SetMapIndex(reflect.ValueOf("X-SailPoint-Experimental"), reflect.ValueOf("true"))
}

func (of neighbours) service(name string) reflect.Value {
	return of.client.Elem().FieldByName(name + "API")
}

func (of neighbours) has(service, operation string) bool {
	return of.service(service).MethodByName(operation).IsValid()
}

// call makes a call that must be answered with that status, and returns what the SDK read.
func (of neighbours) call(status int, service, operation string, set object, ids ...string) any {
	of.t.Helper()
	result, reply, err := of.try(service, operation, set, ids...)
	if err != nil {
		of.t.Fatalf("%s %s: the SDK returned %v", of.version, operation, err)
	}
	succeeds(of.t, reply, err, status)
	return result
}

// try makes a call with these parameters, under the names of the SDK's setters.
func (of neighbours) try(service, operation string, set object, ids ...string) (any, *http.Response, error) {
	of.t.Helper()
	arguments := []reflect.Value{reflect.ValueOf(context.Background())}
	for _, id := range ids {
		arguments = append(arguments, reflect.ValueOf(id))
	}
	method := of.service(service).MethodByName(operation)
	if !method.IsValid() {
		of.t.Fatalf("%s has no %s", of.version, operation)
	}
	request := method.Call(arguments)[0]
	for name, value := range set {
		request = of.set(request, name, value)
	}
	if request.MethodByName("XSailPointExperimental").IsValid() {
		request = of.set(request, "XSailPointExperimental", "true")
	}
	results := request.MethodByName("Execute").Call(nil)
	err, _ := results[len(results)-1].Interface().(error)
	reply, _ := results[len(results)-2].Interface().(*http.Response)
	if err != nil || len(results) == 2 {
		return nil, reply, err
	}
	return of.asJSON(results[0].Interface()), reply, nil
}

func (of neighbours) set(request reflect.Value, name string, value any) reflect.Value {
	of.t.Helper()
	setter := request.MethodByName(name)
	if !setter.IsValid() {
		of.t.Fatalf("%s: %s has no %s", of.version, request.Type(), name)
	}
	wanted := setter.Type().In(0)
	if given := reflect.ValueOf(value); given.Type().AssignableTo(wanted) {
		return setter.Call([]reflect.Value{given})[0]
	}
	text, err := json.Marshal(value)
	model := reflect.New(wanted)
	if err == nil {
		err = json.Unmarshal(text, model.Interface())
	}
	if err != nil {
		of.t.Fatalf("%s: %s cannot be %s: %v", of.version, wanted, text, err)
	}
	return setter.Call([]reflect.Value{model.Elem()})[0]
}

func (of neighbours) asJSON(value any) any {
	of.t.Helper()
	text, err := json.Marshal(value)
	var read any
	if err == nil {
		err = json.Unmarshal(text, &read)
	}
	if err != nil {
		of.t.Fatal(err)
	}
	return read
}

// field reads one member after the other.
func field(value any, path ...string) any {
	for _, name := range path {
		members, _ := value.(object)
		value = members[name]
	}
	return value
}

// text is a member's text.
func text(value any, path ...string) string {
	read, _ := field(value, path...).(string)
	return read
}

// each reads one member of every item of a list.
func each(list any, path ...string) []any {
	var read []any
	items, _ := list.([]any)
	for _, item := range items {
		read = append(read, field(item, path...))
	}
	return read
}

// is compares what was read with what was expected, both as JSON.
func is(t *testing.T, found any, expected ...any) {
	t.Helper()
	var one any = expected
	if len(expected) == 1 {
		one = expected[0]
	}
	have, _ := json.Marshal(found)
	want, _ := json.Marshal(one)
	if string(have) != string(want) {
		t.Errorf("found %s, expected %s", have, want)
	}
}

func patch(steps ...object) object { return object{"JsonPatchOperation": steps} }
