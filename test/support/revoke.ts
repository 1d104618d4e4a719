import { createHash, createPrivateKey, sign } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { DevelopmentDeployment } from "@caladrius/nitro-sim/development";
import { nextStatusList, type StatusChange } from "@caladrius/policies/status";
import {
  decodeApproved,
  decodeStatement,
  decodeStatusList,
  encodeApproved,
  encodeStatement,
  encodeStatusList,
  type Revocation,
  type SigningPublicKey,
} from "@caladrius/wire";

/** The next status list of a development deployment, from the one in its file, which stays as it is. */
export function nextDevelopmentList({ paths }: Pick<DevelopmentDeployment, "paths">, change: StatusChange): Uint8Array {
  const last = decodeStatusList(decodeStatement(decodeApproved(readFileSync(paths.statusList)).statement, "status-list").payload);
  const key = createPrivateKey(readFileSync(paths.statusKey));
  const payload = encodeStatusList(nextStatusList(last, Math.floor(Date.now() / 1000), change));
  return encodeApproved({
    statement: encodeStatement("status-list", "Ed25519", payload, (bytes) => new Uint8Array(sign(null, bytes, key))),
    approvals: [],
  });
}

/** Replaces the file that a host watches. */
export function replaceList({ paths }: Pick<DevelopmentDeployment, "paths">, list: Uint8Array): void {
  writeFileSync(`${paths.statusList}.next`, list);
  renameSync(`${paths.statusList}.next`, paths.statusList);
}

/** The revocation of a key from now on. */
export function keyRevocation({ key }: SigningPublicKey): Revocation {
  return {
    what: "key",
    id: new Uint8Array(createHash("sha256").update(key).digest()),
    since: Math.floor(Date.now() / 1000),
    reason: "stolen",
  };
}
