// Drives the server with the clients that oapi-codegen makes from the documents that it serves.
package generators

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"testing"

	"sync-group-sim-generators/control"
	"sync-group-sim-generators/v2026"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func token(t *testing.T, base string, client control.OAuthClient) string {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client.ClientId}, "client_secret": {client.ClientSecret}}
	reply, err := http.PostForm(base+"/oauth/token", form)
	check(t, err)
	defer reply.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	check(t, json.NewDecoder(reply.Body).Decode(&answer))
	return answer.AccessToken
}

func TestGeneratedClientsWork(t *testing.T) {
	here := context.Background()
	server, err := control.NewClientWithResponses(os.Getenv("SERVER"))
	check(t, err)
	var fixture control.TenantRequest_Fixture
	check(t, fixture.FromTenantRequestFixtureText("demo"))
	created, err := server.CreateTenantWithResponse(here, control.TenantRequest{Fixture: &fixture})
	check(t, err)
	if created.JSON201 == nil {
		t.Fatalf("no tenant: %s", created.Body)
	}
	base := created.JSON201.BaseUrl
	tenant, err := control.NewClientWithResponses(base)
	check(t, err)

	var change control.ScenarioChange
	check(t, change.FromUseOfScenarios(control.UseOfScenarios{Use: []string{"rate-limited"}}))
	changed, err := tenant.SetScenarioWithResponse(here, change)
	check(t, err)
	if changed.JSON200 == nil || len(changed.JSON200.Rules) == 0 {
		t.Fatalf("no rules: %s", changed.Body)
	}
	cleared, err := tenant.ClearScenarioWithResponse(here)
	check(t, err)
	if cleared.StatusCode() != 204 {
		t.Fatalf("not cleared: %s", cleared.Body)
	}

	bearer := "Bearer " + token(t, base, created.JSON201.Clients[0])
	sign := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", bearer)
		return nil
	}
	api, err := v2026.NewClientWithResponses(base+"/v2026", v2026.WithRequestEditorFn(sign))
	check(t, err)
	groups, err := api.GetPasswordSyncGroupsWithResponse(here, nil)
	check(t, err)
	if groups.JSON200 == nil || len(*groups.JSON200) == 0 {
		t.Fatalf("no groups: %s", groups.Body)
	}
	group := (*groups.JSON200)[0]
	found, err := api.GetPasswordSyncGroupWithResponse(here, *group.Id)
	check(t, err)
	if found.JSON200 == nil || *found.JSON200.Name != *group.Name {
		t.Fatalf("another group: %s", found.Body)
	}
	missing, err := api.GetPasswordSyncGroupWithResponse(here, "none")
	check(t, err)
	if missing.JSON404 == nil || missing.JSON404.DetailCode == nil {
		t.Fatalf("no error: %s", missing.Body)
	}

	operation := control.Matcher_Operation{}
	check(t, operation.FromOperation(control.GetPasswordSyncGroup))
	two := 2
	verified, err := tenant.VerifyWithResponse(here, control.Expectation{
		Match: &control.Matcher{Operation: &operation}, Count: &control.Quantity{Exactly: &two},
	})
	check(t, err)
	if verified.JSON200 == nil || !verified.JSON200.Passed {
		t.Fatalf("not as expected: %s", verified.Body)
	}
}
