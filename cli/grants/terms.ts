import { describeGrant } from "@caladrius/client";
import { toHex, type DisclosureLevel, type Grant } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { UsageError } from "../exit.ts";
import type { Terminal } from "../print.ts";
import { refuseUnknownDetectors } from "../commands/analyse.ts";

/** What an issuer decides of every grant, whatever it is made from. */
export function issuersTerms(args: Arguments): { detectors: string[] | null; level: DisclosureLevel; uses: number; ward: string | null } {
  const detectors = args.many("detector");
  refuseUnknownDetectors(detectors);
  const ward = args.optional("ward");
  if (ward !== null && (ward === "" || ward.length > 64)) throw new UsageError("--ward has 1 to 64 characters");
  return {
    detectors: detectors.length === 0 ? null : detectors,
    level: args.oneOf("level", ["alarm", "findings", "full"]) ?? "findings",
    uses: args.integer("uses", 1, 2 ** 40, 1),
    ward,
  };
}

/** A grant as an object of --json. */
export function grantObject(grant: Grant, digest: Uint8Array): Readonly<Record<string, unknown>> {
  return { digest, ...grant };
}

/** A grant in words. */
export function printGrant(grant: Grant, digest: Uint8Array, terminal: Terminal): void {
  terminal.table([...describeGrant(grant), ["digest", toHex(digest)]]);
}
