// Accounts, identities, public identities and source apps through the SDK, in every version that has them.
package sdk

import (
	"net/http"
	"slices"
	"testing"
)

const (
	uma       = "2c9180835d2e5168015d32f890ca1585"
	mainframe = "2c918084660f45d6016617daa9210609"
)

func TestAccounts(t *testing.T) {
	inEveryVersion(t, nil, func(t *testing.T, of neighbours) {
		set := object{"Filters": `identityId eq "` + uma + `" and sourceId eq "` + mainframe + `"`, "Sorters": "name"}
		found := of.call(http.StatusOK, "Accounts", "ListAccounts", set).([]any)
		is(t, each(found, "name"), []any{"UUSER01"})
		is(t, each(found, "sourceName"), []any{"Mainframe"})
		is(t, of.call(http.StatusOK, "Accounts", "GetAccount", nil, text(found[0], "id")), found[0])
		set["DetailLevel"] = "SLIM"
		slim := of.call(http.StatusOK, "Accounts", "ListAccounts", set)
		is(t, each(slim, "identity"), []any{nil})
	})
}

func TestIdentities(t *testing.T) {
	inEveryVersion(t, []string{"V3"}, func(t *testing.T, of neighbours) {
		set := object{"Filters": `alias eq "uma.user"`, "DefaultFilter": "NONE"}
		found := of.call(http.StatusOK, "Identities", "ListIdentities", set)
		is(t, each(found, "id"), []any{uma})
		is(t, each(found, "managerRef", "name"), []any{"Walter Warehouse"})
		is(t, []any{of.call(http.StatusOK, "Identities", "GetIdentity", nil, uma)}, found)
	})
}

func TestPublicIdentities(t *testing.T) {
	inEveryVersion(t, []string{"Beta"}, func(t *testing.T, of neighbours) {
		set := object{"Filters": `lastname eq "User"`, "Sorters": "name", "AddCoreFilters": true}
		found := of.call(http.StatusOK, "PublicIdentities", "GetPublicIdentities", set)
		is(t, each(found, "alias"), []any{"uma.user"})
		is(t, each(found, "manager", "name"), []any{"Walter Warehouse"})
		is(t, each(found, "identityState"), []any{"ACTIVE"})
	})
}

func TestApps(t *testing.T) {
	inEveryVersion(t, []string{"V3"}, func(t *testing.T, of neighbours) {
		app := of.call(http.StatusOK, "Apps", "CreateSourceApp", object{"SourceAppCreateDto": object{
			"name": "Ledger", "description": "Of the SDK", "accountSource": object{"id": mainframe},
		}})
		id := text(app, "id")
		is(t, field(app, "accountSource", "useForPasswordManagement"), true)

		patched := of.call(http.StatusOK, "Apps", "PatchSourceApp", patch(
			object{"op": "replace", "path": "/enabled", "value": true},
			object{"op": "replace", "path": "/provisionRequestEnabled", "value": true},
			object{"op": "add", "path": "/accessProfiles/-", "value": "p"},
		), id)
		is(t, []any{field(patched, "enabled"), field(patched, "accessProfiles")}, true, []any{"p"})
		is(t, field(of.call(http.StatusOK, "Apps", "GetSourceApp", nil, id), "enabled"), true)

		set := object{"Filters": `accountSource.id eq "` + mainframe + `"`}
		is(t, each(of.call(http.StatusOK, "Apps", "ListAvailableSourceApps", set), "id"), []any{id})
		set = object{"Sorters": "-created", "Limit": int32(2)}
		is(t, len(of.call(http.StatusOK, "Apps", "ListAllSourceApp", set).([]any)), 2)
		assigned := each(of.call(http.StatusOK, "Apps", "ListAssignedSourceApp", nil), "name")
		if !slices.Contains(assigned, any("Windows")) || !slices.Contains(assigned, any("Okta Dashboard")) {
			t.Errorf("assigned %v", assigned)
		}

		is(t, text(of.call(http.StatusOK, "Apps", "DeleteSourceApp", nil, id), "id"), id)
		_, reply, err := of.try("Apps", "GetSourceApp", nil, id)
		refuses(t, reply, err, http.StatusNotFound)
	})
}
