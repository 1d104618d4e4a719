import { readFileSync } from "node:fs";
import { encodeVerdictEar, verdictEar, type Verdict } from "@caladrius/attestation-verifier";
import type { Arguments } from "./arguments.ts";
import { about, EXIT, failureJson, failureOf, type ExitCode } from "./exit.ts";
import { readLimited, refuseExisting, writeWhole } from "./files.ts";
import { styled, type Terminal } from "./print.ts";

/** Larger revocation lists are refused unread; the verifier's own limit is the same. */
const MAX_CRL_BYTES = 4 * 1024 * 1024;

/** The revocation lists that --crl names. */
export function readCrls(args: Arguments): Promise<Uint8Array[]> {
  return Promise.all(args.many("crl").map((path) => readLimited(path, MAX_CRL_BYTES)));
}

/** Refuses to begin where --ear names a file that may not be overwritten. @throws UnreachableError */
export async function refuseEar(args: Arguments): Promise<void> {
  const path = args.optional("ear");
  if (path !== null && !args.flag("force")) await refuseExisting(path);
}

/** Writes the verdict where --ear says, if it does. That it cannot is told, and is no fault of what was judged: the verdict stands. */
export async function writeEar(args: Arguments, verdict: Verdict<unknown, string>, terminal: Terminal): Promise<ExitCode> {
  const path = args.optional("ear");
  if (path === null) return EXIT.ok;
  try {
    await about(path, () => writeVerdict(path, verdict, args.flag("force")));
    return EXIT.ok;
  } catch (error) {
    const failure = failureOf(error);
    terminal.object(failureJson(path, failure));
    if (!terminal.isJson) terminal.note([styled("red", "not written"), `  ${failure.sentence}`]);
    return failure.exit;
  }
}

async function writeVerdict(path: string, verdict: Verdict<unknown, string>, force: boolean): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as { version: string };
  const options = { issuedAt: Math.floor(Date.now() / 1000), build: `caladrius ${version}` };
  const content = path.endsWith(".json")
    ? `${JSON.stringify(verdictEar(verdict, options), null, 2)}\n`
    : encodeVerdictEar(verdict, options);
  await writeWhole(path, content, { force });
}
