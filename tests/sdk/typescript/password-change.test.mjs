// The password change as a program makes it with the SDK: make a source eligible, group it, look somebody up, encrypt, set,
// poll; and what is true afterwards, by the control API.

import assert from "node:assert/strict";
import { constants, createPublicKey, publicEncrypt } from "node:crypto";
import { describe, test } from "node:test";

import { body, connect, service, STYLES, withGroup } from "./clients.mjs";
import { shared, simulator } from "./simulator.mjs";

const BADGE_READER = "2c918084660f45d6016617daa9210608";
const PASSWORD = "Correct-Horse-7";
const POLLS = 50;

const server = simulator("--fixture", "demo", "--password-change-time", "0s");

/** Whether this is the password of the person's account on a source. */
async function isPassword(userName, source, password) {
  const text = JSON.stringify({ userName, source, password });
  const reply = await fetch(`${server.baseUrl}/_sim/passwords/check`, { method: "POST", body: text });
  return (await reply.json()).matches;
}

function encrypted(password, publicKey) {
  const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(password)).toString("base64");
}

for (const style of Object.keys(STYLES)) {
  describe(style, () => {
    const passwords = () => service(server.baseUrl, style, "PasswordManagement", "SERVICE");

    /** Sends a change and waits for its outcome. */
    async function change(userName, sourceName, password) {
      const api = passwords();
      const { data: info } = await api.queryPasswordInfo(body(style, "passwordInfoQueryDTO", { userName, sourceName }));
      const wanted = body(style, "passwordChangeRequest", {
        identityId: info.identityId,
        encryptedPassword: encrypted(password, info.publicKey),
        publicKeyId: info.publicKeyId,
        accountId: info.accounts[0].accountId,
        sourceId: info.sourceId,
      });
      const isBeta = style === "beta";
      const begun = await (isBeta ? api.setIdentityPassword(wanted) : api.setPassword(wanted));
      assert.equal(begun.status, 202);
      const id = { id: begun.data.requestId };
      for (let poll = 0; poll < POLLS; poll++) {
        const { data } = await (isBeta ? api.getIdentityPasswordChangeStatus(id) : api.getPasswordChangeStatus(id));
        if (data.state !== "IN_PROGRESS") return { info, status: data };
      }
      return assert.fail("it never ended");
    }

    test("a source is made eligible by a patch", async () => {
      const sources = service(server.baseUrl, style, "Sources");
      const patch = (step) =>
        sources.updateSource({ id: BADGE_READER, ...body(style, "jsonPatchOperation", [step]) });
      const { data: before } = await sources.getSource({ id: BADGE_READER });
      const { data: patched } = await patch({ op: "add", path: "/features/-", value: "PASSWORD" });
      assert.deepEqual(patched.features, [...before.features, "PASSWORD"]);
      await patch({ op: "remove", path: `/features/${before.features.length}` });
    });

    test("a change reaches every source of the group", () =>
      withGroup(connect(server.baseUrl, style), async (group) => {
        const { info, status } = await change("amelia.admin", "Active Directory", `${PASSWORD}-${style}`);
        assert.ok(info.policies.includes("passwordMinLength is 12"));
        assert.deepEqual([status.state, status.errors], ["FINISHED", []]);
        assert.deepEqual(status.sourceIds.toSorted(), group.sourceIds.toSorted());
        for (const source of [shared.SOURCE_ID_1, shared.SOURCE_ID_2]) {
          assert.ok(await isPassword("amelia.admin", source, `${PASSWORD}-${style}`));
        }
      }));

    test("a password that the policy refuses fails and changes nothing", async () => {
      const { status } = await change("rita.reader", "Okta", "short");
      assert.equal(status.state, "FAILED");
      assert.match(status.errors[0], /Head Office Policy/);
      assert.ok(await isPassword("rita.reader", "Okta", "Winter-2026-okta!"));
    });

    if (style !== "v3") {
      test("digits for a reset are as many as asked for", async () => {
        const reset = body(style, "passwordDigitTokenReset", { userId: "uma.user", length: 8 });
        const { data } = await passwords().createDigitToken({ ...reset, xSailPointExperimental: "true" });
        assert.match(data.digitToken, /^[0-9]{8}$/);
        assert.match(data.requestId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      });
    }
  });
}
