import { createHash } from "node:crypto";
import { verifyApproval, verifyPasskey } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { approvedBytes, decodePasskeyApproval, toBase64, type Approved, type Approver } from "@caladrius/wire";
import { UsageError } from "../exit.ts";
import type { Founded } from "../fleet/deployment.ts";
import type { Terminal } from "../print.ts";
import { servePage } from "./serve.ts";

/** Whose approval of what is asked for. */
export interface Asking {
  readonly source: Approved;
  readonly founded: Founded;
  /** the constitution's statement, which the page reads for itself */
  readonly constitution: Uint8Array;
  readonly approver: Approver;
  /** of the constitution's origins the one at this port; null = the first at localhost */
  readonly port: number | null;
}

/** Serves the approval page until a passkey has approved; what the page sends is verified as every reader of the file will. */
export function askApproval({ source, founded, constitution, approver, port }: Asking, terminal: Terminal): Promise<Uint8Array> {
  const { person, role, passkey } = approver;
  const origin = chooseOrigin(passkey?.origins ?? [], port);
  const digest = sha384(approvedBytes("release", founded.digest, source.statement));
  return servePage({
    origin,
    question: {
      ask: "approve",
      statement: toBase64(source.statement),
      constitution: toBase64(constitution),
      person,
      role,
      rpId: passkey?.rpId,
    },
    answerPath: "/approval",
    ready: () => terminal.note(`open ${origin}/ in a browser on this machine, read what it shows, and approve there`),
    take: async (body) => {
      const given = await verifyApproval(body, { kind: "release", digest }, founded.constitution, signatures);
      if (given === null) return { refused: await whyNot(body, founded, approver) };
      if (given.approver.person !== person || given.approver.role !== role)
        return { refused: `this is the passkey of ${given.approver.person}` };
      return { taken: body };
    },
  });
}

/** The page's own origin: at localhost, as this machine alone may serve it. @throws UsageError for any other */
export function chooseOrigin(origins: readonly string[], port: number | null): string {
  const here = origins.filter((origin) => /^http:\/\/localhost:\d{1,5}$/.test(origin));
  const origin = here.find((one) => port === null || one === `http://localhost:${port}`);
  if (origin === undefined)
    throw new UsageError(
      `the constitution lets this passkey sign at ${origins.join(", ") || "no page"}`,
      port === null ? "this command serves http://localhost:PORT alone" : "take a port that stands there",
    );
  return origin;
}

async function whyNot(body: Uint8Array, { constitution }: Founded, { person, role }: Approver): Promise<string> {
  try {
    const approval = decodePasskeyApproval(body);
    const approvers = constitution.approvers.filter((one) => one.person === person && one.role === role && one.passkey !== null);
    for (const approver of approvers) {
      const fault = await verifyPasskey(approval, approver, signatures);
      if (fault !== null) return fault;
    }
    return "another release, person or role was approved than this command asked for";
  } catch (error) {
    return `no approval by passkey (${(error as Error).message})`;
  }
}

function sha384(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha384").update(bytes).digest());
}
