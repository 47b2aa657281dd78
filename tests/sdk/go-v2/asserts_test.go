// What the suites share beyond a server: the documented sample group and the checks of an SDK reply.
package sdk

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	v2024 "github.com/sailpoint-oss/golang-sdk/v2/api_v2024"
)

// modelled is each version's *GenericOpenAPIError.
type modelled interface {
	error
	Body() []byte
	Model() interface{}
}

// sample is the vendor's documented example, which the demo fixture accepts.
func sample(t *testing.T) v2024.PasswordSyncGroup {
	t.Helper()
	group := v2024.NewPasswordSyncGroup()
	group.SetName("Password Sync Group 1")
	group.SetPasswordPolicyId(shared(t, "POLICY_ID"))
	group.SetSourceIds([]string{shared(t, "SOURCE_ID_1"), shared(t, "SOURCE_ID_2")})
	return *group
}

func succeeds(t *testing.T, reply *http.Response, err error, status int) {
	t.Helper()
	if err != nil {
		t.Fatalf("the SDK returned %v", err)
	}
	if reply.StatusCode != status {
		t.Fatalf("status %d, expected %d", reply.StatusCode, status)
	}
}

// refuses checks for the SDK's error with that status and returns it.
func refuses(t *testing.T, reply *http.Response, err error, status int) modelled {
	t.Helper()
	refusal, ok := err.(modelled)
	if !ok {
		t.Fatalf("the SDK returned %T (%v), expected its GenericOpenAPIError", err, err)
	}
	if reply == nil || reply.StatusCode != status {
		t.Fatalf("reply %+v, expected status %d", reply, status)
	}
	return refusal
}

// refusesWith also checks the error model that v2024 decodes.
func refusesWith(t *testing.T, reply *http.Response, err error, status int, detailCode string) v2024.ErrorResponseDto {
	t.Helper()
	refusal := refuses(t, reply, err, status)
	body, ok := refusal.Model().(v2024.ErrorResponseDto)
	if !ok {
		t.Fatalf("error model %T (%v), expected ErrorResponseDto", refusal.Model(), refusal)
	}
	if !strings.HasPrefix(body.GetDetailCode(), detailCode) {
		t.Fatalf("detailCode %q, expected %q", body.GetDetailCode(), detailCode)
	}
	return body
}

func counts(t *testing.T, reply *http.Response, groups int) {
	t.Helper()
	if total := reply.Header.Get("X-Total-Count"); total != strconv.Itoa(groups) {
		t.Errorf("X-Total-Count %q, expected %d", total, groups)
	}
}

func sameSet(left, right []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(left)), slices.Sorted(slices.Values(right)))
}
