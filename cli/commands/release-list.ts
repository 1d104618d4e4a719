import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, failureOf, failureJson, worst, type ExitCode } from "../exit.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { styled, type Segment, type Terminal } from "../print.ts";
import { readReleaseFile } from "../release/file.ts";
import { missingWords } from "../release/print.ts";

/** One line for each release in a folder. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const folder = args.inputs[0] ?? "";
  const founded = await readConstitution(args.text("constitution"), signatures);
  const names = (await about(folder, () => readdir(folder))).filter((name) => name.endsWith(SUFFIX)).toSorted();
  const rows: (string | Segment)[][] = [];
  const codes: ExitCode[] = [];
  for (const name of names) {
    const file = join(folder, name);
    try {
      const { counted } = await readReleaseFile(file, founded);
      const { release, digest, quorum } = counted;
      const { ok, approvedBy, missing } = quorum;
      terminal.object({
        file,
        complete: ok,
        digest,
        name: release.name,
        version: release.softwareVersion,
        commit: release.sourceCommit,
        approvedBy,
        missing,
      });
      const who = approvedBy.map(({ person, role }) => `${person} (${role})`).join(", ") || "nobody";
      const state = ok ? styled("green", "approved") : styled("yellow", "open");
      rows.push([state, file, `${release.name} ${release.softwareVersion}`, ok ? who : `${who}; missing ${missingWords(missing)}`]);
      codes.push(EXIT.ok);
    } catch (error) {
      const failure = failureOf(error);
      terminal.object(failureJson(file, failure));
      rows.push([styled("red", "refused"), file, failure.code, failure.sentence]);
      codes.push(failure.exit);
    }
  }
  terminal.table(rows);
  if (rows.length === 0) terminal.line(`no ${SUFFIX} file in ${folder}`);
  return worst(codes);
}

const SUFFIX = ".release";
