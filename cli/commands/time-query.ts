import { createHash, randomBytes } from "node:crypto";
import { decodeResultFile, toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, type ExitCode } from "../exit.ts";
import { readLimited, refuseExisting, writeWhole } from "../files.ts";
import type { Terminal } from "../print.ts";
import { encodeTimeStampRequest } from "../time-stamp.ts";
import { MAX_RESULT_FILE_BYTES } from "./verify.ts";

/** Writes the question that a time-stamping authority answers for a result. Nothing is sent, and nothing is verified. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const out = args.text("out");
  const force = args.flag("force");
  if (!force) await refuseExisting(out);
  const bytes = await readLimited(file, MAX_RESULT_FILE_BYTES);
  const { result } = await about(file, () => decodeResultFile(bytes));
  const digest = createHash("sha256").update(result).digest();
  await writeWhole(out, encodeTimeStampRequest(digest, randomBytes(NONCE_BYTES)), { force });
  terminal.object({ file, query: out, digest: toHex(digest) });
  terminal.line(`wrote ${out}: a query for SHA-256 ${toHex(digest)}`);
  terminal.line(
    "It holds the digest of the result and nothing of what the result says. Send it to an authority that your trust file names:",
  );
  terminal.line(`next  curl --data-binary @${out} -H "Content-Type: application/timestamp-query" -o ${out}.tsr URL`);
  terminal.line(`      npx caladrius time attach ${file} --token ${out}.tsr --trust FILE`);
  return EXIT.ok;
}

const NONCE_BYTES = 16;
