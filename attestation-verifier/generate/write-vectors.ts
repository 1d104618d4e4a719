// Writes the conformance kit anew: node attestation-verifier/generate/write-vectors.ts
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { kitFiles } from "./kit-files.ts";

const folder = new URL("../vectors/", import.meta.url);
const files = kitFiles(); // before anything is removed: it may throw
rmSync(folder, { recursive: true, force: true });
for (const [path, bytes] of files) {
  const file = fileURLToPath(new URL(path, folder));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}
