// What the types make of a test in each runner that the package is for: this compiles.

import { test as inNode } from "node:test";

import { test as inJest } from "@jest/globals";
import { test as inVitest } from "vitest";

import { withTenant } from "sync-group-sim";

inNode("a", withTenant(async (tenant) => void (await tenant.advance("1s"))));
inNode("b", withTenant({ clock: "manual" }, async (tenant, context) => context.diagnostic(tenant.name)));
inVitest("a", withTenant(async (tenant) => void (await tenant.advance("1s"))));
inVitest("b", withTenant({ clock: "manual" }, async (tenant, { expect }) => expect(tenant.name).toBeTruthy()));
inJest("a", withTenant(async (tenant) => void (await tenant.advance("1s"))));
inJest("b", withTenant({ clock: "manual" }, async (tenant) => void (await tenant.advance("1s"))));
