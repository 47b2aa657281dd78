// A registry on this machine for the tarballs in a folder: `node registry.js FOLDER PORT-FILE`. npm resolves packages,
// optional ones among them, as it does with any registry. What is not in the folder is a 404, as what was never published.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const [folder, portFile] = process.argv.slice(2);

const packages = Object.fromEntries(
  readdirSync(folder)
    .filter((file) => file.endsWith(".tgz"))
    .map((file) => {
      const manifest = JSON.parse(spawnSync("tar", ["-xzOf", join(folder, file), "package/package.json"]).stdout);
      return [manifest.name, { file, manifest }];
    }),
);

function document(host, { file, manifest }) {
  const integrity = `sha512-${createHash("sha512").update(readFileSync(join(folder, file))).digest("base64")}`;
  const version = { ...manifest, dist: { tarball: `http://${host}/-/${file}`, integrity } };
  return { name: manifest.name, "dist-tags": { latest: manifest.version }, versions: { [manifest.version]: version } };
}

const server = createServer((request, reply) => {
  const name = decodeURIComponent(request.url.slice(1));
  if (name.startsWith("-/")) {
    reply.end(readFileSync(join(folder, name.slice(2))));
  } else if (packages[name]) {
    reply.setHeader("Content-Type", "application/json");
    reply.end(JSON.stringify(document(request.headers.host, packages[name])));
  } else {
    reply.statusCode = 404;
    reply.end("{}");
  }
});
server.listen(0, "127.0.0.1", () => writeFileSync(portFile, String(server.address().port)));
