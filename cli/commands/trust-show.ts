import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { governanceLines, governanceObject } from "../governance-print.ts";
import { styled, type Terminal } from "../print.ts";
import { readTrustFile } from "../trust.ts";

/** Says what a trust file accepts. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const trust = await readTrustFile(file);
  const roots = trust.anchors.map(({ certificate, sha256, simulated }) => ({
    commonName: certificate.subject.commonName,
    sha256,
    simulated,
  }));
  const pcrs = trust.pcrSets.map((set) => Object.fromEntries([...set].map(([index, value]) => [String(index), toHex(value)])));
  const { acceptsApproved } = trust;
  const results = (pcrs.length > 0 || acceptsApproved) && pcrs.every((set) => set["16"] !== undefined);
  const { allowDebug, allowSimulator, maxAgeMs, regions, timeAuthorities, fleet } = trust;
  terminal.object({
    file,
    roots,
    pcrs,
    allowDebug,
    allowSimulator,
    maxAgeSeconds: maxAgeMs === null ? null : maxAgeMs / 1000,
    regions,
    timeAuthorities: timeAuthorities.map(({ name, sha256 }) => ({ name, sha256 })),
    fleet,
    ...governanceObject(trust),
    results,
  });

  if (allowSimulator)
    terminal.line(warning("simulator: what this file accepts was made by software under a test root, not by Nitro hardware"));
  if (allowDebug) terminal.line(warning("debug: enclaves whose console the host can read are accepted"));
  terminal.table([
    [
      "results",
      results
        ? "accepted: every PCR set pins the constitution (PCR16)"
        : "refused: PCR16 is missing, so the host would choose the constitution",
    ],
    ["documents", maxAgeMs === null ? "live with a nonce only" : `live up to ${maxAgeMs / 1000} s old, or with a nonce`],
    ["regions", regions === null ? "any" : regions.join(", ") || "none: nothing is accepted"],
    ["sealing", fleet ? "to the keys of a fleet" : "to the enclave that was verified"],
  ]);
  for (const root of roots) terminal.line(["root     ", styled("bold", root.commonName), `  sha256 ${root.sha256}`]);
  for (const { name, sha256 } of timeAuthorities) terminal.line(["time     ", styled("bold", name), `  sha256 ${sha256}`]);
  if (roots.length === 0) terminal.line("root     none: nothing is accepted");
  for (const line of governanceLines(trust)) terminal.line(line);
  for (const [index, set] of pcrs.entries()) {
    terminal.line(`PCR set ${index + 1} of ${pcrs.length}`);
    terminal.table(
      Object.entries(set).map(([pcr, value]) => [`PCR${pcr}`, value, styled("dim", MEANING[pcr] ?? "")]),
      "  ",
    );
  }
  if (pcrs.length === 0 && !acceptsApproved) terminal.line("PCR sets none: nothing is accepted");
  return EXIT.ok;
}

const MEANING: Readonly<Record<string, string>> = {
  "0": "whole image",
  "1": "boot part",
  "2": "application",
  "3": "role of the parent instance",
  "4": "parent instance",
  "8": "signer of the image",
  "16": "constitution",
  "17": "policy bundle",
};

function warning(text: string): [ReturnType<typeof styled>] {
  return [styled("yellow", text)];
}
