// The v2024 client in detail: typed times, what the service refuses, and what this SDK makes of it.
package sdk

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	sailpoint "github.com/sailpoint-oss/golang-sdk/v2"
	v2024 "github.com/sailpoint-oss/golang-sdk/v2/api_v2024"
)

const unknownID = "00000000-0000-4000-8000-000000000000"

type groupsAPI = *v2024.PasswordSyncGroupsAPIService

func create(api groupsAPI, group v2024.PasswordSyncGroup) (*v2024.PasswordSyncGroup, *http.Response, error) {
	return api.CreatePasswordSyncGroup(context.Background()).PasswordSyncGroup(group).Execute()
}

// made creates the sample group and frees its sources when the test ends.
func made(t *testing.T, api groupsAPI) *v2024.PasswordSyncGroup {
	t.Helper()
	group, reply, err := create(api, sample(t))
	succeeds(t, reply, err, http.StatusOK)
	t.Cleanup(func() { _, _ = api.DeletePasswordSyncGroup(context.Background(), group.GetId()).Execute() })
	return group
}

func TestLifecycle(t *testing.T) {
	ctx := context.Background()
	api := connect(t, simulator(t, "--fixture", "demo"), "ADMIN").V2024.PasswordSyncGroupsAPI

	t.Run("a created group has an id and a creation time", func(t *testing.T) {
		group := made(t, api)
		if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(group.GetId()) {
			t.Errorf("id %q", group.GetId())
		}
		if group.GetCreated().IsZero() {
			t.Errorf("created %v", group.GetCreated())
		}
	})

	t.Run("a got group has every field of the created one and none beyond", func(t *testing.T) {
		group := made(t, api)
		got, reply, err := api.GetPasswordSyncGroup(ctx, group.GetId()).Execute()
		succeeds(t, reply, err, http.StatusOK)
		want, _ := group.MarshalJSON()
		have, _ := got.MarshalJSON()
		if string(want) != string(have) || len(got.AdditionalProperties) != 0 {
			t.Errorf("got %s (beyond the model: %v), created %s", have, got.AdditionalProperties, want)
		}
	})

	t.Run("a count is told only when asked for", func(t *testing.T) {
		made(t, api)
		groups, reply, err := api.GetPasswordSyncGroups(ctx).Count(true).Execute()
		succeeds(t, reply, err, http.StatusOK)
		counts(t, reply, len(groups))
		_, reply, err = api.GetPasswordSyncGroups(ctx).Execute()
		succeeds(t, reply, err, http.StatusOK)
		if total, told := reply.Header["X-Total-Count"]; told {
			t.Errorf("X-Total-Count %v", total)
		}
	})

	t.Run("a got group can be put back as it is and keeps id and created", func(t *testing.T) {
		group := made(t, api)
		got, reply, err := api.GetPasswordSyncGroup(ctx, group.GetId()).Execute()
		succeeds(t, reply, err, http.StatusOK)
		got.SetName("Renamed")
		updated, reply, err := api.UpdatePasswordSyncGroup(ctx, group.GetId()).PasswordSyncGroup(*got).Execute()
		succeeds(t, reply, err, http.StatusOK)
		if updated.GetId() != group.GetId() || updated.GetName() != "Renamed" ||
			!updated.GetCreated().Equal(group.GetCreated().Time) || updated.GetModified().Before(group.GetCreated().Time) {
			t.Errorf("updated %+v, created %+v", *updated, *group)
		}
	})

	t.Run("a deleted group is not found and its sources are free again", func(t *testing.T) {
		group := made(t, api)
		reply, err := api.DeletePasswordSyncGroup(ctx, group.GetId()).Execute()
		succeeds(t, reply, err, http.StatusNoContent)
		_, reply, err = api.GetPasswordSyncGroup(ctx, group.GetId()).Execute()
		refusesWith(t, reply, err, http.StatusNotFound, "404 Not found")
		if again := made(t, api); again.GetId() == group.GetId() {
			t.Errorf("id %s was given twice", again.GetId())
		}
	})
}

func TestRefusals(t *testing.T) {
	ctx := context.Background()
	baseURL := simulator(t, "--fixture", "demo")
	as := func(t *testing.T, caller string) groupsAPI {
		return connect(t, baseURL, caller).V2024.PasswordSyncGroupsAPI
	}

	t.Run("a create without a name is a bad request that names the field", func(t *testing.T) {
		group := sample(t)
		group.Name = nil
		_, reply, err := create(as(t, "ADMIN"), group)
		body := refusesWith(t, reply, err, http.StatusBadRequest, "400.1.0")
		if len(body.Messages) == 0 || !strings.Contains(body.Messages[0].GetText(), "name") {
			t.Errorf("messages %+v", body.Messages)
		}
		if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(body.GetTrackingId()) {
			t.Errorf("trackingId %q", body.GetTrackingId())
		}
	})

	t.Run("an unknown source is a bad reference", func(t *testing.T) {
		group := sample(t)
		group.SetSourceIds([]string{strings.Repeat("e", 32), strings.Repeat("f", 32)})
		_, reply, err := create(as(t, "ADMIN"), group)
		refusesWith(t, reply, err, http.StatusBadRequest, "400.1.404")
	})

	t.Run("an unknown policy is a bad reference", func(t *testing.T) {
		group := sample(t)
		group.SetPasswordPolicyId(strings.Repeat("f", 32))
		_, reply, err := create(as(t, "ADMIN"), group)
		refusesWith(t, reply, err, http.StatusBadRequest, "400.1.404")
	})

	t.Run("a source already in a group is a bad request", func(t *testing.T) {
		api := as(t, "ADMIN")
		made(t, api)
		_, reply, err := create(api, sample(t))
		refusesWith(t, reply, err, http.StatusBadRequest, "400.1")
	})

	t.Run("a limit above 250, which this SDK sends, is a bad request", func(t *testing.T) {
		_, reply, err := as(t, "ADMIN").GetPasswordSyncGroups(ctx).Limit(251).Execute()
		refusesWith(t, reply, err, http.StatusBadRequest, "400.1.3")
	})

	t.Run("an unknown group is not found by get and by update", func(t *testing.T) {
		api := as(t, "ADMIN")
		_, reply, err := api.GetPasswordSyncGroup(ctx, unknownID).Execute()
		refusesWith(t, reply, err, http.StatusNotFound, "404 Not found")
		_, reply, err = api.UpdatePasswordSyncGroup(ctx, unknownID).PasswordSyncGroup(sample(t)).Execute()
		refusesWith(t, reply, err, http.StatusNotFound, "404 Not found")
	})

	t.Run("a delete of an unknown group is not found and has no typed body", func(t *testing.T) {
		// The vendor declares no 404 for delete, so the SDK leaves the body as bytes.
		reply, err := as(t, "ADMIN").DeletePasswordSyncGroup(ctx, unknownID).Execute()
		refusal := refuses(t, reply, err, http.StatusNotFound)
		if refusal.Model() != nil || !strings.Contains(string(refusal.Body()), `"404 Not found"`) {
			t.Errorf("model %v, body %s", refusal.Model(), refusal.Body())
		}
	})

	for _, caller := range []string{"READER", "SERVICE"} {
		t.Run("a "+strings.ToLower(caller)+" lists but may not create", func(t *testing.T) {
			api := as(t, caller)
			_, reply, err := api.GetPasswordSyncGroups(ctx).Execute()
			succeeds(t, reply, err, http.StatusOK)
			_, reply, err = create(api, sample(t))
			refusesWith(t, reply, err, http.StatusForbidden, "403 Forbidden")
		})
	}

	t.Run("a user who is not an administrator may not even list", func(t *testing.T) {
		_, reply, err := as(t, "HELPDESK").GetPasswordSyncGroups(ctx).Execute()
		refusesWith(t, reply, err, http.StatusForbidden, "403 Forbidden")
	})

	// This SDK declares the 401's error text as an object, so it cannot decode the vendor's own example: no model.
	unauthorized := func(t *testing.T, change func(*sailpoint.ClientConfiguration)) {
		t.Helper()
		api := connect(t, baseURL, "ADMIN", change).V2024.PasswordSyncGroupsAPI
		_, reply, err := api.GetPasswordSyncGroups(ctx).Execute()
		refusal := refuses(t, reply, err, http.StatusUnauthorized)
		if refusal.Model() != nil || !strings.Contains(string(refusal.Body()), "JWT") {
			t.Errorf("model %v, body %s", refusal.Model(), refusal.Body())
		}
	}
	t.Run("a bogus token is unauthorized", func(t *testing.T) {
		unauthorized(t, func(settings *sailpoint.ClientConfiguration) { settings.Token = "bogus.three.parts" })
	})
	t.Run("a wrong secret shows up as a 401 of the first call", func(t *testing.T) {
		// The SDK ignores the token endpoint's status and goes on with an empty token.
		unauthorized(t, func(settings *sailpoint.ClientConfiguration) { settings.ClientSecret = strings.Repeat("f", 64) })
	})
}
