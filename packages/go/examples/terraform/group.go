package provider

import (
	"context"
	"net/http"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// group is the resource groups_password_sync_group; a change makes it anew.
type group struct{ client *client }

func newGroup() resource.Resource { return &group{} }

// state is what Terraform notes of a group.
type state struct {
	ID               types.String   `tfsdk:"id"`
	Name             types.String   `tfsdk:"name"`
	PasswordPolicyID types.String   `tfsdk:"password_policy_id"`
	SourceIDs        []types.String `tfsdk:"source_ids"`
}

func (*group) Metadata(_ context.Context, _ resource.MetadataRequest, answer *resource.MetadataResponse) {
	answer.TypeName = "groups_password_sync_group"
}

func (*group) Schema(_ context.Context, _ resource.SchemaRequest, answer *resource.SchemaResponse) {
	anew := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	answer.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id":                 schema.StringAttribute{Computed: true},
		"name":               schema.StringAttribute{Required: true, PlanModifiers: anew},
		"password_policy_id": schema.StringAttribute{Required: true, PlanModifiers: anew},
		"source_ids": schema.ListAttribute{
			Required: true, ElementType: types.StringType, PlanModifiers: []planmodifier.List{listplanmodifier.RequiresReplace()},
		},
	}}
}

func (group *group) Configure(_ context.Context, asked resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	group.client, _ = asked.ProviderData.(*client)
}

func (group *group) Create(ctx context.Context, asked resource.CreateRequest, answer *resource.CreateResponse) {
	var planned state
	if answer.Diagnostics.Append(asked.Plan.Get(ctx, &planned)...); answer.Diagnostics.HasError() {
		return
	}
	made, err := group.client.create(planned.asGroup())
	if err != nil {
		answer.Diagnostics.AddError("The group was not made", err.Error())
		return
	}
	planned.ID = types.StringValue(made.ID)
	answer.Diagnostics.Append(answer.State.Set(ctx, planned)...)
}

func (group *group) Read(ctx context.Context, asked resource.ReadRequest, answer *resource.ReadResponse) {
	var noted state
	if answer.Diagnostics.Append(asked.State.Get(ctx, &noted)...); answer.Diagnostics.HasError() {
		return
	}
	found, err := group.client.read(noted.ID.ValueString())
	if isStatus(err, http.StatusNotFound) {
		answer.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		answer.Diagnostics.AddError("The group was not read", err.Error())
		return
	}
	noted.Name, noted.PasswordPolicyID = types.StringValue(found.Name), types.StringValue(found.PasswordPolicyID)
	answer.Diagnostics.Append(answer.State.Set(ctx, noted)...)
}

func (*group) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}

func (group *group) Delete(ctx context.Context, asked resource.DeleteRequest, answer *resource.DeleteResponse) {
	var id types.String
	if answer.Diagnostics.Append(asked.State.GetAttribute(ctx, path.Root("id"), &id)...); answer.Diagnostics.HasError() {
		return
	}
	if err := group.client.delete(id.ValueString()); err != nil && !isStatus(err, http.StatusNotFound) {
		answer.Diagnostics.AddError("The group was not deleted", err.Error())
	}
}

func (planned state) asGroup() passwordSyncGroup {
	wanted := passwordSyncGroup{Name: planned.Name.ValueString(), PasswordPolicyID: planned.PasswordPolicyID.ValueString()}
	for _, source := range planned.SourceIDs {
		wanted.SourceIDs = append(wanted.SourceIDs, source.ValueString())
	}
	return wanted
}
