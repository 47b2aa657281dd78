// The password change as a program makes it with the SDK: make a source eligible, group it with another, look somebody up,
// encrypt, set, poll; and what is true afterwards, by the control API.
package sdk

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

const (
	badgeReader = "2c918084660f45d6016617daa9210608"
	password    = "Correct-Horse-7"
	polls       = 50
)

// isPassword tells whether this is the password of the person's account on a source.
func isPassword(t *testing.T, baseURL, userName, source, password string) bool {
	t.Helper()
	asked, _ := json.Marshal(object{"userName": userName, "source": source, "password": password})
	reply, err := http.Post(baseURL+"/_sim/passwords/check", "application/json", bytes.NewReader(asked))
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	var answer struct{ Matches bool }
	if err := json.NewDecoder(reply.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Matches
}

func encrypted(t *testing.T, password, publicKey string) string {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(publicKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := rsa.EncryptPKCS1v15(rand.Reader, key.(*rsa.PublicKey), []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(secret)
}

// change sends a change and waits for its outcome; it returns the status and the rules that were told.
func change(t *testing.T, of neighbours, userName, sourceName, password string) (status, policies any) {
	t.Helper()
	set, outcome := "SetPassword", "GetPasswordChangeStatus"
	if of.version == "Beta" {
		set, outcome = "SetIdentityPassword", "GetIdentityPasswordChangeStatus"
	}
	query := object{"PasswordInfoQueryDTO": object{"userName": userName, "sourceName": sourceName}}
	info := of.call(http.StatusOK, "PasswordManagement", "QueryPasswordInfo", query)
	begun := of.call(http.StatusAccepted, "PasswordManagement", set, object{"PasswordChangeRequest": object{
		"identityId": text(info, "identityId"), "sourceId": text(info, "sourceId"),
		"accountId": each(field(info, "accounts"), "accountId")[0], "publicKeyId": text(info, "publicKeyId"),
		"encryptedPassword": encrypted(t, password, text(info, "publicKey")),
	}})
	for range polls {
		status = of.call(http.StatusOK, "PasswordManagement", outcome, nil, text(begun, "requestId"))
		if text(status, "state") != "IN_PROGRESS" {
			return status, field(info, "policies")
		}
	}
	t.Fatal("it never ended")
	return nil, nil
}

func TestPasswordChange(t *testing.T) {
	inEveryVersion(t, nil, func(t *testing.T, of neighbours) {
		features := field(of.call(http.StatusOK, "Sources", "GetSource", nil, badgeReader), "features").([]any)
		step := object{"op": "add", "path": "/features/-", "value": "PASSWORD"}
		patched := of.call(http.StatusOK, "Sources", "UpdateSource", patch(step), badgeReader)
		is(t, field(patched, "features"), append(features, "PASSWORD"))

		sources := []string{shared(t, "SOURCE_ID_1"), shared(t, "SOURCE_ID_2"), badgeReader}
		of.call(http.StatusOK, "PasswordSyncGroups", "CreatePasswordSyncGroup", object{"PasswordSyncGroup": object{
			"name": "Password Sync Group 1", "passwordPolicyId": shared(t, "POLICY_ID"), "sourceIds": sources,
		}})

		service := of.as("SERVICE")
		status, policies := change(t, service, "amelia.admin", "Active Directory", password)
		is(t, []any{text(status, "state"), field(status, "errors")}, "FINISHED", []any{})
		if told, _ := json.Marshal(policies); !strings.Contains(string(told), "passwordMinLength is 12") {
			t.Errorf("policies %s", told)
		}
		for _, source := range []string{"Active Directory", "Okta"} {
			if !isPassword(t, of.baseURL, "amelia.admin", source, password) {
				t.Errorf("%s has another password", source)
			}
		}

		status, _ = change(t, service, "rita.reader", "Okta", "short")
		refusals, _ := json.Marshal(field(status, "errors"))
		if text(status, "state") != "FAILED" || !strings.Contains(string(refusals), "Head Office Policy") {
			t.Errorf("status %v", status)
		}
		if !isPassword(t, of.baseURL, "rita.reader", "Okta", "Winter-2026-okta!") {
			t.Error("a refused password was set")
		}
	})
}

func TestDigitToken(t *testing.T) {
	inEveryVersion(t, []string{"V3"}, func(t *testing.T, of neighbours) {
		set := object{"PasswordDigitTokenReset": object{"userId": "uma.user", "length": 8}}
		token := of.as("SERVICE").call(http.StatusOK, "PasswordManagement", "CreateDigitToken", set)
		if !regexp.MustCompile(`^[0-9]{8}$`).MatchString(text(token, "digitToken")) {
			t.Errorf("token %v", token)
		}
	})
}
