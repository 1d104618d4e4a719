import { verifyApproval, verifyPasskey, type ApprovableKind } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { approvedBytes, decodePasskeyApproval, toBase64, type Approver } from "@caladrius/wire";
import { UsageError } from "../exit.ts";
import type { Founded, FoundedFile } from "../fleet/deployment.ts";
import { sha384 } from "../policy/bundle-file.ts";
import type { Terminal } from "../print.ts";
import { servePage } from "./serve.ts";

/** Whose approval of what is asked for. */
export interface Asking {
  readonly kind: ApprovableKind;
  readonly statement: Uint8Array;
  /** of a status list: the statement of the list before, to say what changes */
  readonly previous: Uint8Array | null;
  readonly founded: FoundedFile;
  readonly approver: Approver;
  /** of the constitution's origins the one at this port; null = the first at localhost */
  readonly port: number | null;
  readonly signal?: AbortSignal;
}

/** Serves the approval page until a passkey has approved; what the page sends is verified as every reader of the file will. */
export function askApproval(
  { kind, statement, previous, founded, approver, port, signal }: Asking,
  terminal: Terminal,
): Promise<Uint8Array> {
  const { person, role, passkey } = approver;
  const origin = chooseOrigin(passkey?.origins ?? [], port);
  const digest = sha384(approvedBytes(kind, founded.digest, statement));
  return servePage({
    origin,
    question: {
      ask: "approve",
      kind,
      statement: toBase64(statement),
      previous: previous === null ? null : toBase64(previous),
      constitution: toBase64(founded.statement),
      person,
      role,
      rpId: passkey?.rpId,
    },
    answerName: "approval",
    ready: (address) => terminal.note(`open ${address} in a browser on this machine, read what it shows, and approve there`),
    take: async (body) => {
      const given = await verifyApproval(body, { kind, digest }, founded.constitution, signatures);
      if (given === null) return { refused: await whyNot(body, founded, approver) };
      if (given.approver.person !== person || given.approver.role !== role)
        return { refused: `this is the passkey of ${given.approver.person}` };
      return { taken: body };
    },
    ...(signal === undefined ? {} : { signal }),
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
    return "another statement, person or role was approved than this command asked for";
  } catch (error) {
    return `no approval by passkey (${(error as Error).message})`;
  }
}
