// Reading past the first page of 250 with the SDK's own paginator: 500 groups of the large fixture, and 251 groups
// made through the SDK on a server that ignores prerequisites.
package sdk

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	sailpoint "github.com/sailpoint-oss/golang-sdk/v2"
	v2024 "github.com/sailpoint-oss/golang-sdk/v2/api_v2024"
)

func ids(groups []v2024.PasswordSyncGroup) []string {
	var ids []string
	for _, group := range groups {
		ids = append(ids, group.GetId())
	}
	return ids
}

func TestPaging(t *testing.T) {
	ctx := context.Background()
	api := connect(t, simulator(t, "--fixture", "large"), "ADMIN").V2024.PasswordSyncGroupsAPI

	t.Run("a page holds 250 groups unless asked otherwise", func(t *testing.T) {
		page, reply, err := api.GetPasswordSyncGroups(ctx).Count(true).Execute()
		succeeds(t, reply, err, http.StatusOK)
		counts(t, reply, 500)
		if len(page) != 250 {
			t.Errorf("%d groups on the page", len(page))
		}
	})

	t.Run("the paginator reads all 500 groups once each", func(t *testing.T) {
		groups, reply, err := sailpoint.PaginateWithDefaults[v2024.PasswordSyncGroup](api.GetPasswordSyncGroups(ctx))
		succeeds(t, reply, err, http.StatusOK)
		if distinct := slices.Compact(slices.Sorted(slices.Values(ids(groups)))); len(groups) != 500 || len(distinct) != 500 {
			t.Errorf("%d groups, %d distinct", len(groups), len(distinct))
		}
	})

	t.Run("every page size reads the same groups in the same order", func(t *testing.T) {
		whole, reply, err := sailpoint.PaginateWithDefaults[v2024.PasswordSyncGroup](api.GetPasswordSyncGroups(ctx))
		succeeds(t, reply, err, http.StatusOK)
		for _, increment := range []int32{7, 100, 249} {
			groups, reply, err := sailpoint.Paginate[v2024.PasswordSyncGroup](api.GetPasswordSyncGroups(ctx), 0, increment, 10000)
			succeeds(t, reply, err, http.StatusOK)
			if !slices.Equal(ids(groups), ids(whole)) {
				t.Errorf("pages of %d read %d groups, in another order or number", increment, len(groups))
			}
		}
	})
}

func TestGrowing(t *testing.T) {
	ctx := context.Background()
	baseURL := simulator(t, "--fixture", "empty", "--prerequisites", "ignore")
	api := connect(t, baseURL, "ADMIN").V2024.PasswordSyncGroupsAPI

	t.Run("the 251st group is read from the second page", func(t *testing.T) {
		var created []v2024.PasswordSyncGroup
		for n := range 251 {
			group := sample(t)
			group.SetName(fmt.Sprintf("Group %d", n))
			group.SetSourceIds([]string{fmt.Sprintf("a%d", n), fmt.Sprintf("b%d", n)})
			one, reply, err := create(api, group)
			succeeds(t, reply, err, http.StatusOK)
			created = append(created, *one)
		}
		groups, reply, err := sailpoint.PaginateWithDefaults[v2024.PasswordSyncGroup](api.GetPasswordSyncGroups(ctx))
		succeeds(t, reply, err, http.StatusOK)
		if !slices.Equal(ids(groups), ids(created)) {
			t.Errorf("%d groups read, %d created, or in another order", len(groups), len(created))
		}
		second, reply, err := api.GetPasswordSyncGroups(ctx).Offset(250).Count(true).Execute()
		succeeds(t, reply, err, http.StatusOK)
		counts(t, reply, 251)
		if !slices.Equal(ids(second), ids(created[250:])) {
			t.Errorf("second page %v, expected %v", ids(second), ids(created[250:]))
		}
	})
}
