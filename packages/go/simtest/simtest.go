// Package simtest gives each test a tenant of its own in sync-group-sim, a local stand-in for SailPoint's Password Sync
// Groups API that misbehaves on purpose:
//
//	func TestA429IsWaitedOut(t *testing.T) {
//		t.Parallel()
//		tenant := simtest.Tenant(t, simtest.Scenario("rate-limited"), simtest.ManualClock())
//
//		runMyClient(tenant.BaseURL, tenant.ClientID, tenant.ClientSecret, tenant.Advance)
//
//		tenant.Verify(simtest.JSON{"match": simtest.JSON{"operation": "getPasswordSyncGroups"}, "status": 200})
//	}
//
// The first tenant starts the program, which all tests of the process share; it ends with the process, however that ends.
// The program is the one that SYNC_GROUP_SIM_BIN names, or sync-group-sim on the PATH.
package simtest

import "testing"

// JSON is an object in the words of the control API: of rules, of expectations, of scenario and fixture files.
type JSON = map[string]any

// Tenant makes a tenant for this test in the server that all tests of the process share. It is deleted when the test ends;
// where the test failed, what the client did is logged, and kept in the folder sync-group-sim-journals.
func Tenant(t testing.TB, options ...Option) *TestTenant {
	t.Helper()
	return Start(t).Tenant(t, options...)
}

// Start returns the server that all tests of the process share, and starts it where it does not run yet. With arguments,
// which are further ones for `sync-group-sim serve`, it starts a server of its own, which ends with the test.
func Start(t testing.TB, arguments ...string) *Server {
	t.Helper()
	keepNoResult()
	if len(arguments) == 0 {
		server, err := sharedServer()
		if err != nil {
			t.Fatal(err)
		}
		return server
	}
	server, err := start(arguments)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.process.stop)
	return server
}

// Tenant makes a tenant for this test in this server; otherwise it is as the function Tenant.
func (server *Server) Tenant(t testing.TB, options ...Option) *TestTenant {
	t.Helper()
	tenant, err := server.newTenant(t, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tenant.end)
	return tenant
}
