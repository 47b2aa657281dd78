// Acceptance tests of a provider: each has a tenant of its own, and Terraform runs with the provider of this process. They
// run with TF_ACC=1, as acceptance tests do, and find Terraform by TF_ACC_TERRAFORM_PATH or on the PATH.
package provider

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"sync-group-sim/simtest"
)

var factories = map[string]func() (tfprotov6.ProviderServer, error){
	"groups": providerserver.NewProtocol6WithError(New()),
}

// configuration has one group, in the demo fixture's words.
func configuration(tenant *simtest.TestTenant) string {
	return fmt.Sprintf(`
provider "groups" {
  url           = %q
  client_id     = %q
  client_secret = %q
}

resource "groups_password_sync_group" "staff" {
  name               = "Staff"
  password_policy_id = "2c91808d744ba0ce01746f93b6204501"
  source_ids = [
    "2c918084660f45d6016617daa9210584",
    "2c918084660f45d6016617daa9210500",
  ]
}
`, tenant.BaseURL, tenant.ClientID, tenant.ClientSecret)
}

var creates = simtest.JSON{"operation": "createPasswordSyncGroup"}

func TestAccAGroupIsMadeOnce(t *testing.T) {
	tenant := simtest.Tenant(t)

	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config: configuration(tenant),
			Check:  resource.TestCheckResourceAttrSet("groups_password_sync_group.staff", "id"),
		}},
	})

	tenant.Verify(simtest.JSON{"match": creates, "status": 200, "count": simtest.JSON{"exactly": 1}})
	tenant.Verify(simtest.JSON{"match": simtest.JSON{"operation": "deletePasswordSyncGroup"}, "count": simtest.JSON{"exactly": 1}})
}

func TestAccACreateWhoseAnswerWasLostIsNotRepeated(t *testing.T) {
	tenant := simtest.Tenant(t, simtest.Rule(simtest.JSON{
		"when": creates, "fires": simtest.JSON{"nth": 1}, "stage": "after",
		"fault": simtest.JSON{"respond": simtest.JSON{"status": 500}},
	}))

	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps:                    []resource.TestStep{{Config: configuration(tenant)}},
	})

	tenant.Verify(simtest.JSON{"match": creates, "count": simtest.JSON{"exactly": 1}})
}

func TestAccAnOutageIsTold(t *testing.T) {
	tenant := simtest.Tenant(t, simtest.Rule(simtest.JSON{
		"when": creates, "fault": simtest.JSON{"respond": simtest.JSON{"status": 403}},
	}))

	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config: configuration(tenant), ExpectError: regexp.MustCompile("the service answered 403"),
		}},
	})
}
