import { verifyApprovals, type Quorum } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { AuthoringError } from "@caladrius/policies/authoring";
import { signedByApprover, type Founded } from "../fleet/deployment.ts";
import type { SignedBundle } from "./bundle-file.ts";

/** Counts the approvals of a bundle that one of the constitution's approvers wrote. @throws AuthoringError bundle-author */
export async function countApprovals({ statement, approvals }: SignedBundle, { constitution, digest }: Founded): Promise<Quorum> {
  if ((await signedByApprover(statement, "bundle", constitution, signatures)) === null)
    throw new AuthoringError("bundle-author", "a signature of another deployment, or of nobody");
  return verifyApprovals({ kind: "bundle", statement, constitution, constitutionDigest: digest, approvals }, signatures);
}
