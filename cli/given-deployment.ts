import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { DevelopmentDeployment } from "@caladrius/nitro-sim";
import { decodeApproved, decodeStatement, MAX_BUNDLE_BYTES, MAX_CONSTITUTION_BYTES, MAX_STATUS_LIST_BYTES } from "@caladrius/wire";
import type { Arguments } from "./arguments.ts";
import { about, UsageError } from "./exit.ts";
import { readLimited } from "./files.ts";

/** What a simulated enclave is booted with: a development deployment, or somebody's own files, whose approvers sign elsewhere. */
export interface Deployment extends Omit<DevelopmentDeployment, "paths"> {
  paths: Pick<DevelopmentDeployment["paths"], "constitution" | "bundle" | "statusList"> & { approverKey: string | null };
}

/**
 * The deployment that --constitution, --bundle and --status-list name; null without them. Whether they belong together,
 * and whether the quorum stands, the enclave finds at boot.
 * @throws UsageError unless all three are given; FileProblem for a file that is none of its kind
 */
export async function givenDeployment(args: Arguments): Promise<Deployment | null> {
  const [constitutionFile, bundleFile, statusListFile] = [
    args.optional("constitution"),
    args.optional("bundle"),
    args.optional("status-list"),
  ];
  if (constitutionFile === null && bundleFile === null && statusListFile === null) return null;
  if (constitutionFile === null || bundleFile === null || statusListFile === null)
    throw new UsageError("--constitution, --bundle and --status-list go together: without them a development deployment is made");
  const constitution = await readLimited(constitutionFile, MAX_CONSTITUTION_BYTES);
  await about(constitutionFile, () => decodeStatement(constitution, "constitution"), "constitution");
  const bundleBytes = await readLimited(bundleFile, 2 * MAX_BUNDLE_BYTES);
  const bundle = await about(bundleFile, () => decodeApproved(bundleBytes), "approved bundle");
  await about(bundleFile, () => decodeStatement(bundle.statement, "bundle"), "approved bundle");
  const statusList = await readLimited(statusListFile, MAX_STATUS_LIST_BYTES);
  await about(statusListFile, () => decodeStatement(decodeApproved(statusList).statement, "status-list"), "status list");
  const paths = {
    constitution: resolve(constitutionFile),
    bundle: resolve(bundleFile),
    statusList: resolve(statusListFile),
    approverKey: null,
  };
  return {
    constitution,
    constitutionDigest: sha384(constitution),
    bundle,
    policyDigest: sha384(bundle.statement),
    paths,
    newStatusList: () => new Uint8Array(readFileSync(paths.statusList)), // others issue it; hosts watch the file
  };
}

function sha384(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha384").update(bytes).digest());
}
