import { toHex, utf8Encode } from "@caladrius/wire";
import { CODE, EXIT, type Code } from "../verdict/code.ts";
import { CATALOGUE } from "./catalogue/index.ts";
import type { Input, Vector } from "./catalogue/vector.ts";

/** Every file of the conformance kit: path below its folder -> bytes, the same each time. */
export function kitFiles(): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [i, vector] of CATALOGUE.entries()) {
    const id = `${String(i + 1).padStart(3, "0")}-${vector.name}`;
    const input = vector.make();
    files.set(`${id}/manifest.json`, json(manifest(id, vector, input)));
    files.set(`${id}/input.${input.kind}`, input.bytes);
    files.set(`${id}/trust.json`, utf8Encode(input.trust));
    files.set(`${id}/expected.json`, json(expected(vector.expect)));
    for (const [n, crl] of input.crls.entries()) files.set(`${id}/${crlName(n)}`, crl);
  }
  return files;
}

function manifest(id: string, { title, rule, reason, source }: Vector, input: Input): Record<string, unknown> {
  const { mode, timeMs, nonce, maxAgeSeconds, expect, consistency, crls } = input;
  const whole: Record<string, unknown> = {
    id,
    title,
    rule,
    reason,
    source,
    mode,
    time: timeMs === null ? null : new Date(timeMs).toISOString(),
    nonce: nonce === null ? null : toHex(nonce),
    maxAgeSeconds,
  };
  if (expect !== null)
    whole["expect"] = Object.fromEntries(
      Object.entries(expect).map(([key, value]) => [key, value instanceof Uint8Array ? toHex(value) : value]),
    );
  if (consistency !== null) whole["consistency"] = consistency;
  if (crls.length > 0) whole["crls"] = crls.map((_, n) => crlName(n));
  return whole;
}

/** Exit code, status and stage follow from the code; that a code moves to another shows as a changed file. */
function expected(wanted: Vector["expect"]): Record<string, unknown> {
  if (typeof wanted === "string") {
    const { stage, status } = CODE[wanted];
    if (status === "accepted") throw new Error(`${wanted} refuses nothing`);
    return { exit: EXIT[status], status: "contraindicated", code: wanted, stage };
  }
  const [code] = wanted;
  if (code === undefined) throw new Error("an acceptance has reasons");
  const status = code === ("verified" satisfies Code) ? "affirming" : "warning";
  return { exit: EXIT.accepted, status, code, reasons: wanted, stage: CODE[code].stage };
}

function crlName(index: number): string {
  return `crl-${index + 1}.der`;
}

function json(value: unknown): Uint8Array {
  return utf8Encode(`${JSON.stringify(value, null, 2)}\n`);
}
