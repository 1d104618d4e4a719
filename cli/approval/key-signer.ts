import { approvedBytes, encodeApproval, encodeStatement } from "@caladrius/wire";
import type { ApproverKey } from "../fleet/approver-key.ts";
import type { Founded } from "../fleet/deployment.ts";
import { sha384 } from "../policy/bundle-file.ts";
import { approverOfKey, type Claimed } from "./approver.ts";
import type { Signer } from "./signer.ts";

/** Who approves with a key file. @throws UsageError unless the constitution gives it to one approver who may be meant */
export function keySigner(key: ApproverKey, { constitution, digest }: Founded, claimed: Claimed): Signer {
  const approver = approverOfKey(constitution, key.publicKey, claimed);
  const { person, role } = approver;
  return {
    approver,
    key,
    approve(kind, statement) {
      const approved = sha384(approvedBytes(kind, digest, statement));
      const payload = encodeApproval({ kind, digest: approved, person, role, at: Math.floor(Date.now() / 1000) });
      return Promise.resolve(encodeStatement("approval", key.publicKey.alg, payload, (bytes) => key.sign(bytes)));
    },
  };
}
