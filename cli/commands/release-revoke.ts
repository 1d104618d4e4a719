import { signatures } from "@caladrius/attestation-verifier/signatures";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readConstitution } from "../fleet/deployment.ts";
import type { Terminal } from "../print.ts";
import { readReleaseFile } from "../release/file.ts";

/** Says which entries end a release: a list that holds them must be signed by a status key, which this command has not. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const founded = await readConstitution(args.text("constitution"), signatures);
  const { counted } = await readReleaseFile(args.inputs[0] ?? "", founded);
  const reason = args.text("reason");
  if (reason === "" || reason.length > MAX_REASON) throw new UsageError(`--reason has 1 to ${MAX_REASON} characters`);
  const since = Math.floor((args.instant("since") ?? Date.now()) / 1000);
  const digest = toHex(counted.digest);
  const images = counted.release.pcrs.map(({ pcr0 }) => toHex(pcr0));
  const release = { digest, images, lifecycle: "revoked" };
  const revocation = { what: "release", id: digest, since, reason };
  terminal.object({ release, revocation });
  terminal.line(`${counted.release.name} ${counted.release.softwareVersion} is ended by these two entries of a status list:`);
  for (const [list, entry] of [
    ["releases", release],
    ["revocations", revocation],
  ] as const)
    terminal.line(`${list}  ${JSON.stringify(entry)}`);
  terminal.line("one status key signs the list; enclaves and verifiers that get it stop at once (`caladrius status`)");
  return EXIT.ok;
}

const MAX_REASON = 128;
