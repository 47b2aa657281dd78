// Package provider is the Terraform provider under test: it makes, reads and deletes password sync groups. It stands for
// your own provider.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// New returns the provider, which is called groups.
func New() provider.Provider { return &groups{} }

type groups struct{}

// settings are the provider's block.
type settings struct {
	URL          types.String `tfsdk:"url"`
	ClientID     types.String `tfsdk:"client_id"`
	ClientSecret types.String `tfsdk:"client_secret"`
}

func (*groups) Metadata(_ context.Context, _ provider.MetadataRequest, answer *provider.MetadataResponse) {
	answer.TypeName = "groups"
}

func (*groups) Schema(_ context.Context, _ provider.SchemaRequest, answer *provider.SchemaResponse) {
	answer.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"url":           schema.StringAttribute{Required: true},
		"client_id":     schema.StringAttribute{Required: true},
		"client_secret": schema.StringAttribute{Required: true, Sensitive: true},
	}}
}

func (*groups) Configure(ctx context.Context, asked provider.ConfigureRequest, answer *provider.ConfigureResponse) {
	var given settings
	answer.Diagnostics.Append(asked.Config.Get(ctx, &given)...)
	answer.ResourceData = &client{
		baseURL: given.URL.ValueString(), id: given.ClientID.ValueString(), secret: given.ClientSecret.ValueString(),
	}
}

func (*groups) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newGroup}
}

func (*groups) DataSources(context.Context) []func() datasource.DataSource { return nil }
