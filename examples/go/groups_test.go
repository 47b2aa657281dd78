// What the client does when the service misbehaves: each test arms one fault, runs the client, and verifies. The tests
// share a server but no tenant, so they run at the same time.
package groups

import (
	"strings"
	"testing"
	"time"
)

// staff has the demo fixture's policy, and two sources that are free to be grouped.
var staff = Group{
	Name:             "Staff",
	PasswordPolicyID: "2c91808d744ba0ce01746f93b6204501",
	SourceIDs:        []string{"2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"},
}

// clientOf is the tenant's administrator. Its waits pass in the tenant's time: thirty seconds take none.
func clientOf(t *testing.T, made *tenant) *Client {
	administrator := made.Clients[0]
	return &Client{
		BaseURL: made.BaseURL, ID: administrator.ClientID, Secret: administrator.ClientSecret,
		Sleep: func(duration time.Duration) { made.advance(t, duration) },
	}
}

func lists(t *testing.T, client *Client) []Group {
	t.Helper()
	groups, err := client.List()
	if err != nil {
		t.Fatal(err)
	}
	return groups
}

func TestACreateWhoseAnswerWasLostIsNotRepeated(t *testing.T) {
	t.Parallel()
	tenant := tenantFor(t)
	tenant.arm(t, object{
		"when":  object{"operation": "createPasswordSyncGroup"},
		"fires": object{"nth": 1},
		"stage": "after",
		"fault": object{"respond": object{"status": 500}},
	})
	client := clientOf(t, tenant)

	created, err := client.Create(staff)
	if err != nil {
		t.Fatal(err)
	}

	var found []string
	for _, group := range lists(t, client) {
		if group.Name == staff.Name {
			found = append(found, group.ID)
		}
	}
	if len(found) != 1 || found[0] != created.ID {
		t.Errorf("created %s, found %v", created.ID, found)
	}
	tenant.verify(t, object{"match": object{"operation": "createPasswordSyncGroup"}, "count": object{"exactly": 1}})
}

func TestA429IsWaitedOut(t *testing.T) {
	t.Parallel()
	tenant := tenantFor(t)
	tenant.stopClock(t)
	tenant.arm(t, object{
		"when":  object{"operation": "getPasswordSyncGroups"},
		"fires": object{"nth": 1},
		"fault": object{"rateLimited": object{"retryAfter": "30s", "window": "30s"}},
	})

	lists(t, clientOf(t, tenant))

	tenant.verify(t, object{
		"match": object{"operation": "getPasswordSyncGroups"},
		"count": object{"exactly": 2},
		"apart": object{"atLeast": "30s"},
		"then":  []object{{"match": object{"operation": "getPasswordSyncGroups"}, "status": 200}},
	})
}

func TestAnExpiredTokenIsReplaced(t *testing.T) {
	t.Parallel()
	tenant := tenantFor(t)
	tenant.stopClock(t)
	client := clientOf(t, tenant)
	lists(t, client)
	tenant.advance(t, 750*time.Second) // a token lives for 749 seconds

	lists(t, client)

	tenant.verify(t, object{
		"match": object{"operation": "getPasswordSyncGroups"}, "status": 401, "count": object{"exactly": 1},
	})
	tenant.verify(t, object{"match": object{"operation": "token"}, "status": 200, "count": object{"exactly": 2}})
}

func TestATokenThatEndsEarlyIsReplaced(t *testing.T) {
	t.Parallel()
	tenant := tenantFor(t)
	tenant.use(t, "token-expires-early") // at the third call
	client := clientOf(t, tenant)

	for range 3 {
		lists(t, client)
	}

	tenant.verify(t, object{
		"match": object{"operation": "getPasswordSyncGroups"}, "status": 401, "count": object{"exactly": 1},
	})
	tenant.verify(t, object{"match": object{"operation": "token"}, "status": 200, "count": object{"exactly": 2}})
}

func TestAPasswordChangeIsWaitedForAndReachesEverySource(t *testing.T) {
	t.Parallel()
	tenant := tenantFor(t)
	tenant.stopClock(t)
	tenant.use(t, "password-change-slow") // by a minute
	client := clientOf(t, tenant)
	if _, err := client.Create(staff); err != nil {
		t.Fatal(err)
	}

	if err := client.ChangePassword("amelia.admin", "Active Directory", "Correct-Horse-7"); err != nil {
		t.Fatal(err)
	}

	for _, source := range []string{"Active Directory", "Okta"} {
		if !tenant.hasPassword(t, "amelia.admin", source, "Correct-Horse-7") {
			t.Errorf("%s has another password", source)
		}
	}
	tenant.verify(t, object{"match": object{"operation": "setPassword"}, "count": object{"exactly": 1}})
}

func TestAFailedVerificationSaysWhatCameNearest(t *testing.T) {
	t.Parallel()
	tenant := tenantFor(t)
	lists(t, clientOf(t, tenant))

	said := tenant.differences(t, object{"match": object{"operation": "getPasswordSyncGroups"}, "status": 429})

	if !strings.Contains(said, "status is 200, not 429") {
		t.Error(said)
	}
}
