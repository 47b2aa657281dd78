// The client under test: lists and creates password sync groups, and survives the usual troubles. It stands for your
// own program: it gets a new token when its own has expired, waits as long as a 429 says, and looks before it repeats
// a create whose answer was lost.

import { setTimeout as pause } from "node:timers/promises";

const ATTEMPTS = 4;

export class GroupsClient {
  #token;

  constructor({ baseUrl, clientId, clientSecret, sleep = (seconds) => pause(seconds * 1_000) }) {
    Object.assign(this, { baseUrl, clientId, clientSecret, sleep });
  }

  list() {
    return this.#call("GET");
  }

  async create(group) {
    try {
      return await this.#call("POST", group);
    } catch (error) {
      if (!(error.status >= 500)) throw error;
    }
    // A 500 does not say whether the group was made; only looking does.
    const made = (await this.list()).find(({ name }) => name === group.name);
    return made ?? this.#call("POST", group);
  }

  async #call(method, body) {
    for (let attempt = 1; ; attempt++) {
      this.#token ??= await this.#newToken();
      const reply = await fetch(`${this.baseUrl}/v2024/password-sync-groups`, {
        method,
        body: body && JSON.stringify(body),
        headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json" },
      });
      const answer = await reply.json();
      if (reply.ok) return answer;
      if (attempt === ATTEMPTS || ![401, 429].includes(reply.status)) {
        throw Object.assign(new Error(`${method} answered ${reply.status}`), { status: reply.status });
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
