// One group's life in each API version of the SDK, whose packages have the same methods on types of their own.
package sdk

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"

	sailpoint "github.com/sailpoint-oss/golang-sdk/v2"
	beta "github.com/sailpoint-oss/golang-sdk/v2/api_beta"
	v2024 "github.com/sailpoint-oss/golang-sdk/v2/api_v2024"
	v2025 "github.com/sailpoint-oss/golang-sdk/v2/api_v2025"
	v2026 "github.com/sailpoint-oss/golang-sdk/v2/api_v2026"
	v3 "github.com/sailpoint-oss/golang-sdk/v2/api_v3"
)

// groupOf is what each version's *PasswordSyncGroup can do.
type groupOf[G any] interface {
	*G
	GetId() string
	GetName() string
	SetName(string)
	GetPasswordPolicyId() string
	SetPasswordPolicyId(string)
	GetSourceIds() []string
	SetSourceIds([]string)
}

// writeOf is each version's create or update request.
type writeOf[G, R any] interface {
	PasswordSyncGroup(G) R
	Execute() (*G, *http.Response, error)
}

type readOf[G any] interface {
	Execute() (*G, *http.Response, error)
}

type listOf[G, R any] interface {
	Count(bool) R
	Execute() ([]G, *http.Response, error)
}

type deleteOf interface {
	Execute() (*http.Response, error)
}

// serviceOf is each version's PasswordSyncGroupsAPIService.
type serviceOf[C, R, L, U, D any] interface {
	CreatePasswordSyncGroup(context.Context) C
	GetPasswordSyncGroup(context.Context, string) R
	GetPasswordSyncGroups(context.Context) L
	UpdatePasswordSyncGroup(context.Context, string) U
	DeletePasswordSyncGroup(context.Context, string) D
}

func TestVersions(t *testing.T) {
	admin := connect(t, simulator(t, "--fixture", "demo"), "ADMIN")
	t.Run("a group lives and dies in v3", func(t *testing.T) {
		life[v3.PasswordSyncGroup](t, admin.V3.PasswordSyncGroupsAPI)
	})
	t.Run("a group lives and dies in beta", func(t *testing.T) {
		life[beta.PasswordSyncGroup](t, admin.Beta.PasswordSyncGroupsAPI)
	})
	t.Run("a group lives and dies in v2024", func(t *testing.T) {
		life[v2024.PasswordSyncGroup](t, admin.V2024.PasswordSyncGroupsAPI)
	})
	t.Run("a group lives and dies in v2025", func(t *testing.T) {
		life[v2025.PasswordSyncGroup](t, admin.V2025.PasswordSyncGroupsAPI)
	})
	t.Run("a group lives and dies in v2026", func(t *testing.T) {
		life[v2026.PasswordSyncGroup](t, admin.V2026.PasswordSyncGroupsAPI)
	})
	t.Run("a group made in one version is found in every other", func(t *testing.T) { crossing(t, admin) })
}

func life[G any, P groupOf[G], S serviceOf[C, R, L, U, D], C writeOf[G, C], R readOf[G], L listOf[G, L],
	U writeOf[G, U], D deleteOf](t *testing.T, service S) {
	ctx := context.Background()
	policy, sources := shared(t, "POLICY_ID"), []string{shared(t, "SOURCE_ID_1"), shared(t, "SOURCE_ID_2")}
	var group G
	P(&group).SetName("Password Sync Group 1")
	P(&group).SetPasswordPolicyId(policy)
	P(&group).SetSourceIds(sources)

	created, reply, err := service.CreatePasswordSyncGroup(ctx).PasswordSyncGroup(group).Execute()
	succeeds(t, reply, err, http.StatusOK)
	id := P(created).GetId()
	t.Cleanup(func() { _, _ = service.DeletePasswordSyncGroup(ctx, id).Execute() })
	if id == "" || P(created).GetPasswordPolicyId() != policy || !sameSet(P(created).GetSourceIds(), sources) {
		t.Errorf("created %+v", *created)
	}

	listed, reply, err := service.GetPasswordSyncGroups(ctx).Count(true).Execute()
	succeeds(t, reply, err, http.StatusOK)
	counts(t, reply, len(listed))
	if !slices.ContainsFunc(listed, func(one G) bool { return P(&one).GetId() == id }) {
		t.Errorf("group %s is not among the %d listed", id, len(listed))
	}

	P(&group).SetName("Renamed")
	updated, reply, err := service.UpdatePasswordSyncGroup(ctx, id).PasswordSyncGroup(group).Execute()
	succeeds(t, reply, err, http.StatusOK)
	got, reply, err := service.GetPasswordSyncGroup(ctx, id).Execute()
	succeeds(t, reply, err, http.StatusOK)
	if P(updated).GetId() != id || P(updated).GetName() != "Renamed" || P(got).GetName() != "Renamed" {
		t.Errorf("updated %+v, then got %+v", *updated, *got)
	}

	reply, err = service.DeletePasswordSyncGroup(ctx, id).Execute()
	succeeds(t, reply, err, http.StatusNoContent)
	_, reply, err = service.GetPasswordSyncGroup(ctx, id).Execute()
	refuses(t, reply, err, http.StatusNotFound)
}

func crossing(t *testing.T, admin *sailpoint.APIClient) {
	ctx := context.Background()
	created, reply, err := admin.V2024.PasswordSyncGroupsAPI.CreatePasswordSyncGroup(ctx).PasswordSyncGroup(sample(t)).Execute()
	succeeds(t, reply, err, http.StatusOK)
	t.Cleanup(func() {
		_, _ = admin.V2024.PasswordSyncGroupsAPI.DeletePasswordSyncGroup(ctx, created.GetId()).Execute()
	})

	inV3, _, errV3 := admin.V3.PasswordSyncGroupsAPI.GetPasswordSyncGroup(ctx, created.GetId()).Execute()
	inBeta, _, errBeta := admin.Beta.PasswordSyncGroupsAPI.GetPasswordSyncGroup(ctx, created.GetId()).Execute()
	inV2025, _, errV2025 := admin.V2025.PasswordSyncGroupsAPI.GetPasswordSyncGroup(ctx, created.GetId()).Execute()
	inV2026, _, errV2026 := admin.V2026.PasswordSyncGroupsAPI.GetPasswordSyncGroup(ctx, created.GetId()).Execute()
	if err := errors.Join(errV3, errBeta, errV2025, errV2026); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{inV3.GetName(), inBeta.GetName(), inV2025.GetName(), inV2026.GetName()} {
		if name != created.GetName() {
			t.Errorf("found %q, created %q", name, created.GetName())
		}
	}
}
