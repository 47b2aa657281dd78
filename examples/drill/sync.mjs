// Sees to it that there is a group “Sales”. Tries three times, as many programs do: the drill finds fault with that.
import { setTimeout as pause } from "node:timers/promises";

const { SAIL_BASE_URL, SAIL_CLIENT_ID, SAIL_CLIENT_SECRET } = process.env;

async function call(path, options) {
  for (let attempt = 1; ; attempt++) {
    try {
      const reply = await fetch(SAIL_BASE_URL + path, options);
      if (reply.ok) return await reply.json();
      throw new Error(`${path} answered ${reply.status}`);
    } catch (error) {
      if (attempt === 3) throw error;
      await pause(1_000);
    }
  }
}

const form = { grant_type: "client_credentials", client_id: SAIL_CLIENT_ID, client_secret: SAIL_CLIENT_SECRET };
const { access_token } = await call("/oauth/token", { method: "POST", body: new URLSearchParams(form) });
const headers = { Authorization: `Bearer ${access_token}`, "Content-Type": "application/json" };
const sales = {
  name: "Sales",
  passwordPolicyId: "2c91808d744ba0ce01746f93b6204501",
  sourceIds: ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"],
};
const groups = await call("/v2024/password-sync-groups", { headers });
if (!groups.some(({ name }) => name === "Sales")) {
  await call("/v2024/password-sync-groups", { method: "POST", headers, body: JSON.stringify(sales) });
}
