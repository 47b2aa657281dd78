// The client under test: lists and creates password sync groups, changes passwords, and survives the usual troubles. It
// stands for your own program: it gets a new token when its own has expired, waits as long as a 429 says, looks before
// it repeats a create whose answer was lost, and polls until a password change has ended.

import { constants, createPublicKey, publicEncrypt } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

const ATTEMPTS = 4;
const GROUPS = "password-sync-groups";
const POLLS = 60;
const POLL_SECONDS = 4;

export class GroupsClient {
  #token;

  constructor({ baseUrl, clientId, clientSecret, sleep = (seconds) => pause(seconds * 1_000) }) {
    Object.assign(this, { baseUrl, clientId, clientSecret, sleep });
  }

  list() {
    return this.#call("GET", GROUPS);
  }

  async create(group) {
    try {
      return await this.#call("POST", GROUPS, group);
    } catch (error) {
      if (!(error.status >= 500)) throw error;
    }
    // A 500 does not say whether the group was made; only looking does.
    const made = (await this.list()).find(({ name }) => name === group.name);
    return made ?? this.#call("POST", GROUPS, group);
  }

  /** Sets the password of a user's account on a source, and resolves once that has happened. */
  async changePassword(userName, sourceName, password) {
    const info = await this.#call("POST", "query-password-info", { userName, sourceName });
    const { requestId } = await this.#call("POST", "set-password", {
      identityId: info.identityId,
      sourceId: info.sourceId,
      accountId: info.accounts[0].accountId,
      publicKeyId: info.publicKeyId,
      encryptedPassword: encrypted(password, info.publicKey),
    });
    // The 202 says only that the change has begun.
    for (let poll = 0; poll < POLLS; poll++) {
      const { state, errors } = await this.#call("GET", `password-change-status/${requestId}`);
      if (state === "FINISHED") return;
      if (state === "FAILED") throw new Error(errors.join("; "));
      await this.sleep(POLL_SECONDS);
    }
    throw new Error("the password change has not ended");
  }

  async #call(method, path, body) {
    for (let attempt = 1; ; attempt++) {
      this.#token ??= await this.#newToken();
      const reply = await fetch(`${this.baseUrl}/v2024/${path}`, {
        method,
        body: body && JSON.stringify(body),
        headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json" },
      });
      const answer = await reply.json();
      if (reply.ok) return answer;
      if (attempt === ATTEMPTS || ![401, 429].includes(reply.status)) {
        throw Object.assign(new Error(`${method} ${path} answered ${reply.status}`), { status: reply.status });
      }
      if (reply.status === 401) this.#token = undefined;
      else await this.sleep(Number(reply.headers.get("Retry-After") ?? 1));
    }
  }

  async #newToken() {
    const reply = await fetch(`${this.baseUrl}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: this.clientId,
        client_secret: this.clientSecret,
      }),
    });
    if (!reply.ok) throw Object.assign(new Error(`no token: ${reply.status}`), { status: reply.status });
    return (await reply.json()).access_token;
  }
}

function encrypted(password, publicKey) {
  const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(password)).toString("base64");
}
