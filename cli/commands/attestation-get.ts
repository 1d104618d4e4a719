import { fromBase64, toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, UnreachableError, UsageError, type ExitCode } from "../exit.ts";
import { refuseExisting, writeWhole } from "../files.ts";
import type { Terminal } from "../print.ts";

/** Fetches an attestation document from a host and writes it as it came. Nothing is verified here. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const out = args.text("out");
  const force = args.flag("force");
  const nonce = args.hex("nonce", 8, 64);
  const host = parseHostUrl(args.text("host"));
  if (!force) await refuseExisting(out);
  const url = new URL("/v1/attestation", host);
  if (nonce !== null) url.searchParams.set("nonce", toHex(nonce));
  const answer = await fetch(url, { headers: { accept: "application/json" }, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new UnreachableError(`${host.href} answered ${answer.status}: ${await problemOf(answer)}`);
  const text = await readAtMost(answer, MAX_ANSWER_BYTES);
  const evidence = evidenceOf(text);
  if (evidence === null) throw new UnreachableError(`${host.href} answered with something that is no attestation`);
  await writeWhole(out, evidence, { force });
  terminal.object({ out, bytes: evidence.length });
  terminal.line(`wrote ${out} (${evidence.length} bytes, not verified)`);
  terminal.line(`next  npx caladrius attestation verify ${out} --trust FILE${nonce === null ? "" : ` --nonce ${toHex(nonce)}`}`);
  return EXIT.ok;
}

/** The host's address: http or https, nothing behind the port. @throws UsageError */
export function parseHostUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.pathname !== "/" || url.search !== "" || url.username !== "") {
    throw new UsageError(`--host must be an address such as http://127.0.0.1:8470, not ${JSON.stringify(text)}`);
  }
  return url;
}

/** The sentence of a problem+json answer, or its status text. */
async function problemOf(answer: Response): Promise<string> {
  const text = await readAtMost(answer, MAX_ANSWER_BYTES);
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem === "object" && problem !== null && "detail" in problem && typeof problem.detail === "string") return problem.detail;
  } catch {
    // not JSON: the status must do
  }
  return answer.statusText;
}

function evidenceOf(text: string): Uint8Array | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("evidence" in value) || typeof value.evidence !== "string") return null;
    return fromBase64(value.evidence);
  } catch {
    return null;
  }
}

/** Reads a body that a host may make endless. @throws UnreachableError */
async function readAtMost(answer: Response, mostBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body ?? []) {
    length += chunk.length;
    if (length > mostBytes) throw new UnreachableError(`${answer.url} answered with more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 256 * 1024;
