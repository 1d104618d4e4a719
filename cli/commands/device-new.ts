import { generateKeyPairSync } from "node:crypto";
import { thumbprintOf } from "@caladrius/client";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import { refuseExisting, writeWhole } from "../files.ts";
import { readApproverKey } from "../fleet/approver-key.ts";
import { didKey } from "../grants/did-key.ts";
import type { Terminal } from "../print.ts";

/** A key for a device, and what the policy bundle must say for the device to count. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [out, force] = [args.text("out"), args.flag("force")];
  if (!force) await refuseExisting(out);
  const name = args.text("name");
  if (name === "" || name.length > 128) throw new UsageError("--name has 1 to 128 characters, as recordings name the device");
  const algorithm = args.oneOf("algorithm", ["Ed25519", "P-256"]) ?? "Ed25519";
  const { privateKey } = algorithm === "P-256" ? generateKeyPairSync("ec", { namedCurve: "prime256v1" }) : generateKeyPairSync("ed25519");
  await writeWhole(out, privateKey.export({ type: "pkcs8", format: "pem" }).toString(), { force, mode: 0o600 });
  const { publicKey } = await readApproverKey(out);
  const registered = { name, key: { alg: publicKey.alg, key: toHex(publicKey.key) }, subject: args.optional("subject") };
  const did = didKey(publicKey);
  terminal.object({ out, did, thumbprint: thumbprintOf(publicKey), registered });
  terminal.line(`device      ${did}`);
  terminal.line(`thumbprint  ${toHex(thumbprintOf(publicKey))}, by which a status list revokes it`);
  terminal.line(`registered  ${JSON.stringify(registered)}`);
  terminal.line(
    `wrote ${out}: the device signs with it (--device-key), and the next policy bundle lists the line above among devices.registered`,
  );
  return EXIT.ok;
}
