// A program of the ordinary kind with the vendor's Go SDK v2, for the drill: reads all groups page by page, creates one,
// reads and renames it, and deletes another. What goes wrong ends it.
package main

import (
	"context"
	"fmt"
	"log"

	sailpoint "github.com/sailpoint-oss/golang-sdk/v2"
	v2024 "github.com/sailpoint-oss/golang-sdk/v2/api_v2024"
)

func main() {
	ctx := context.Background()
	api := sailpoint.NewAPIClient(sailpoint.NewDefaultConfiguration()).V2024.PasswordSyncGroupsAPI

	var groups []v2024.PasswordSyncGroup
	for {
		page, _, err := api.GetPasswordSyncGroups(ctx).Limit(2).Offset(int32(len(groups))).Execute()
		if err != nil {
			log.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		groups = append(groups, page...)
	}

	sales := v2024.NewPasswordSyncGroup()
	sales.SetName("Sales")
	sales.SetPasswordPolicyId("2c91808d744ba0ce01746f93b6204501")
	sales.SetSourceIds([]string{"2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"})
	made, _, err := api.CreatePasswordSyncGroup(ctx).PasswordSyncGroup(*sales).Execute()
	if err != nil {
		log.Fatal(err)
	}
	group, _, err := api.GetPasswordSyncGroup(ctx, made.GetId()).Execute()
	if err != nil {
		log.Fatal(err)
	}
	group.SetName("Sales and marketing")
	if _, _, err := api.UpdatePasswordSyncGroup(ctx, group.GetId()).PasswordSyncGroup(*group).Execute(); err != nil {
		log.Fatal(err)
	}
	for _, old := range groups {
		if old.GetName() == "Research accounts" {
			if _, err := api.DeletePasswordSyncGroup(ctx, old.GetId()).Execute(); err != nil {
				log.Fatal(err)
			}
		}
	}
	fmt.Printf("%d groups read, one made, one renamed, one deleted\n", len(groups))
}
