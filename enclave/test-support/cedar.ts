import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cedarWasmUrl, loadCedar, type Cedar } from "@caladrius/policies/cedar";

/** Cedar from the installed package, for enclaves that run straight from their sources. */
export function testCedar(): Cedar {
  return loadCedar(readFileSync(fileURLToPath(cedarWasmUrl())));
}
