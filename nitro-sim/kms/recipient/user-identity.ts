import { createHash } from "node:crypto";
import { shown } from "./shown.ts";

/** Who called, as CloudTrail has it (CloudTrail User Guide, "userIdentity element"). */
export interface UserIdentity {
  readonly type: "Root" | "IAMUser" | "AssumedRole" | "FederatedUser";
  readonly principalId: string;
  readonly arn: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  /** of an IAM user */
  readonly userName?: string;
  /** of an assumed role: whose session it is */
  readonly sessionContext?: { readonly sessionIssuer: SessionIssuer };
}

interface SessionIssuer {
  readonly type: "Role";
  readonly principalId: string;
  readonly arn: string;
  readonly accountId: string;
  readonly userName: string;
}

/**
 * The identity behind an ARN: `arn:aws:iam::<account>:root`, `…:user/<path/name>`, `arn:aws:sts::<account>:assumed-role/
 * <role>/<session>` or `…:federated-user/<name>`. Unique ids, which AWS assigns, are made from the ARN and stay the same.
 */
export function userIdentity({ arn, accessKeyId }: { readonly arn: string; readonly accessKeyId: string }): UserIdentity {
  const [, , , accountId = "", resource = ""] = splitArn(arn);
  const [kind = "", ...rest] = resource.split("/");
  const name = rest.at(-1) ?? "";
  const common = { arn: shown(arn, 2048), accountId, accessKeyId: shown(accessKeyId, 128) };
  if (kind === "assumed-role") {
    const role = `arn:aws:iam::${accountId}:role/${rest[0] ?? ""}`;
    const issuer = {
      type: "Role",
      principalId: uniqueId("AROA", role),
      arn: shown(role, 2048),
      accountId,
      userName: shown(rest[0] ?? "", 64),
    } as const;
    return {
      type: "AssumedRole",
      principalId: `${issuer.principalId}:${shown(name, 64)}`,
      ...common,
      sessionContext: { sessionIssuer: issuer },
    };
  }
  if (kind === "federated-user") return { type: "FederatedUser", principalId: `${accountId}:${shown(name, 64)}`, ...common };
  if (kind === "user") return { type: "IAMUser", principalId: uniqueId("AIDA", arn), ...common, userName: shown(name, 64) };
  return { type: "Root", principalId: accountId, ...common };
}

/** `arn`, partition, service, account, resource: the resource may hold colons. */
function splitArn(arn: string): string[] {
  const [head = "", partition = "", service = "", , account = "", ...resource] = arn.split(":");
  return [head, partition, service, account, resource.join(":")];
}

function uniqueId(prefix: string, arn: string): string {
  return prefix + createHash("sha256").update(arn).digest("hex").slice(0, 17).toUpperCase();
}
