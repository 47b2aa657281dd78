// The tests that docs/go.md shows, as they stand there; the client is that of examples/go. packages/test runs them in a
// module of their own.
package groups

import (
	"testing"
	"time"

	"sync-group-sim/simtest"
)

// clientOf is the tenant's administrator. Its waits pass in the tenant's time: thirty seconds take none.
func clientOf(tenant *simtest.TestTenant) *Client {
	return &Client{BaseURL: tenant.BaseURL, ID: tenant.ClientID, Secret: tenant.ClientSecret, Sleep: tenant.Advance}
}

func TestA429IsWaitedOut(t *testing.T) {
	t.Parallel()
	tenant := simtest.Tenant(t, simtest.Scenario("rate-limited"), simtest.ManualClock())
	client := clientOf(tenant)

	for range 4 { // the fourth is one too many, and gets a 429
		if _, err := client.List(); err != nil {
			t.Fatal(err)
		}
	}

	tenant.Verify(simtest.JSON{
		"match": simtest.JSON{"operation": "getPasswordSyncGroups"}, "status": 429, "count": simtest.JSON{"exactly": 1},
	})
	if found := tenant.Findings(); len(found) > 0 {
		t.Error(found)
	}
}

func TestACreateWhoseAnswerWasLostIsNotRepeated(t *testing.T) {
	t.Parallel()
	tenant := simtest.Tenant(t, simtest.Rule(`{
		"when": {"operation": "createPasswordSyncGroup"},
		"fires": {"nth": 1},
		"stage": "after",
		"fault": {"respond": {"status": 500}}
	}`))

	_, err := clientOf(tenant).Create(Group{
		Name:             "Staff",
		PasswordPolicyID: "2c91808d744ba0ce01746f93b6204501",
		SourceIDs:        []string{"2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"},
	})

	if err != nil {
		t.Fatal(err)
	}
	tenant.Verify(simtest.JSON{"match": simtest.JSON{"operation": "createPasswordSyncGroup"}, "count": simtest.JSON{"exactly": 1}})
}

func TestAnExpiredTokenIsReplaced(t *testing.T) {
	t.Parallel()
	tenant := simtest.Tenant(t, simtest.ManualClock())
	client := clientOf(tenant)
	if _, err := client.List(); err != nil {
		t.Fatal(err)
	}
	tenant.Advance(13 * time.Minute) // a token lives for 749 seconds

	if _, err := client.List(); err != nil {
		t.Fatal(err)
	}

	tenant.Verify(simtest.JSON{"match": simtest.JSON{"operation": "token"}, "status": 200, "count": simtest.JSON{"exactly": 2}})
}
