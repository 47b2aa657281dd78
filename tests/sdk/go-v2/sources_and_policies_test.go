// Sources, their policies, password policies, the org config and the dictionary through the SDK, in every version.
package sdk

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const owner = "2c9180835d2e5168015d32f890ca1581"

// withSource creates a source, which is deleted when the test ends.
func withSource(t *testing.T, of neighbours) any {
	t.Helper()
	source := of.call(http.StatusCreated, "Sources", "CreateSource", object{"Source": object{
		"name": "Of the SDK", "owner": object{"type": "IDENTITY", "id": owner}, "connector": "active-directory",
		"features": []string{"PASSWORD", "PROVISIONING"},
	}})
	t.Cleanup(func() {
		name := "DeleteSource"
		if of.version == "Beta" {
			name = "Delete"
		}
		deleted := of.call(http.StatusAccepted, "Sources", name, nil, text(source, "id"))
		is(t, text(deleted, "type"), "TASK_RESULT")
	})
	return source
}

func TestSources(t *testing.T) {
	inEveryVersion(t, nil, func(t *testing.T, of neighbours) {
		source := withSource(t, of)
		id := text(source, "id")
		is(t, text(source, "owner", "name"), "Amelia Admin")
		is(t, of.call(http.StatusOK, "Sources", "GetSource", nil, id), source)

		source.(object)["description"] = "Changed"
		put := of.call(http.StatusOK, "Sources", "PutSource", object{"Source": source}, id)
		is(t, text(put, "description"), "Changed")

		step := object{"op": "add", "path": "/features/-", "value": "ENABLE"}
		patched := of.call(http.StatusOK, "Sources", "UpdateSource", patch(step), id)
		is(t, field(patched, "features"), "PASSWORD", "PROVISIONING", "ENABLE")
		step = object{"op": "replace", "path": "/type", "value": "x"}
		_, reply, err := of.try("Sources", "UpdateSource", patch(step), id)
		refuses(t, reply, err, http.StatusBadRequest)

		filters := `features ca ("PASSWORD") and name sw "Research"`
		set := object{"Filters": filters, "Sorters": "-name", "Count": true, "Limit": int32(1)}
		found, reply, err := of.try("Sources", "ListSources", set)
		succeeds(t, reply, err, http.StatusOK)
		counts(t, reply, 2)
		is(t, each(found, "name"), []any{"Research Wiki"})
	})
}

func TestPolicies(t *testing.T) {
	inEveryVersion(t, nil, func(t *testing.T, of neighbours) {
		if of.version == "V2024" {
			// This SDK's v2024 was made before the header was documented for policies.
			_, reply, err := of.try("PasswordPolicies", "ListPasswordPolicies", nil)
			refusal := refuses(t, reply, err, http.StatusBadRequest)
			if !strings.Contains(string(refusal.Body()), "Experimental Header is missing or invalid.") {
				t.Errorf("body %s", refusal.Body())
			}
			of.sayExperimental()
		}
		policy := of.call(http.StatusOK, "PasswordPolicies", "CreatePasswordPolicy",
			object{"PasswordPolicyV3Dto": object{"name": "Of the SDK", "minLength": 8}})
		id := text(policy, "id")
		policy.(object)["minLength"] = 9
		put := of.call(http.StatusOK, "PasswordPolicies", "SetPasswordPolicy", object{"PasswordPolicyV3Dto": policy}, id)
		is(t, []any{field(put, "minLength"), field(put, "maxRepeatedChars"), field(put, "passwordExpiration")}, 9, -1, 90)

		if of.has("Sources", "UpdatePasswordPolicyHolders") {
			holders(t, of, text(withSource(t, of), "id"), id)
		}

		listed := of.call(http.StatusOK, "PasswordPolicies", "ListPasswordPolicies", nil)
		if !slices.Contains(each(listed, "id"), any(id)) {
			t.Errorf("policy %s is not among %v", id, each(listed, "id"))
		}
		of.call(http.StatusNoContent, "PasswordPolicies", "DeletePasswordPolicy", nil, id)
		_, reply, err := of.try("PasswordPolicies", "GetPasswordPolicyById", nil, id)
		refuses(t, reply, err, http.StatusNotFound)
	})
}

// holders has a source hold a policy, and let go of it.
func holders(t *testing.T, of neighbours, source, policy string) {
	t.Helper()
	hold := func(holders ...object) any {
		set := object{"PasswordPolicyHoldersDtoInner": append([]object{}, holders...)}
		return of.call(http.StatusOK, "Sources", "UpdatePasswordPolicyHolders", set, source)
	}
	held := hold(object{"policyId": policy, "policyName": "Of the SDK"})
	is(t, each(held, "policyId"), []any{policy})
	if of.has("Sources", "ListPasswordPolicyHoldersOnSource") {
		is(t, of.call(http.StatusOK, "Sources", "ListPasswordPolicyHoldersOnSource", nil, source), held)
	}
	read := of.call(http.StatusOK, "PasswordPolicies", "GetPasswordPolicyById", nil, policy)
	is(t, field(read, "sourceIds"), []any{source})
	hold()
}

func TestOrgConfig(t *testing.T) {
	inEveryVersion(t, nil, func(t *testing.T, of neighbours) {
		call := func(operation string, config object) any {
			set := object{}
			if config != nil {
				set["PasswordOrgConfig"] = config
			}
			return of.call(http.StatusOK, "PasswordConfiguration", operation, set)
		}
		created := call("CreatePasswordOrgConfig", object{"digitTokenEnabled": true, "digitTokenLength": 9})
		is(t, []any{field(created, "digitTokenDurationMinutes"), field(created, "digitTokenLength")}, 5, 9)
		changed := call("PutPasswordOrgConfig", object{"digitTokenDurationMinutes": 10})
		is(t, field(changed, "digitTokenDurationMinutes"), 10)
		is(t, call("GetPasswordOrgConfig", nil), changed)
	})
}

func TestDictionary(t *testing.T) {
	inEveryVersion(t, nil, func(t *testing.T, of neighbours) {
		words := "# ours\nlocale=en_US\nwinter\n"
		path := filepath.Join(t.TempDir(), "words.txt")
		if err := os.WriteFile(path, []byte(words), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		_, reply, err := of.try("PasswordDictionary", "PutPasswordDictionary", object{"File": file})
		if err != nil || reply.StatusCode > http.StatusCreated {
			t.Fatalf("reply %v, error %v", reply, err)
		}
		is(t, of.call(http.StatusOK, "PasswordDictionary", "GetPasswordDictionary", nil), words)
	})
}
