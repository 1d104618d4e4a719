import { toHex } from "@caladrius/wire";
import { count, formatTime } from "../verify/format.ts";
import { facts, markup, type Markup, type Part } from "./markup.ts";
import type { ReportInput } from "./model.ts";

/** Who, when and by what, with every digest that somebody may want to compare. */
export function factsList({ verdict, match, recordingSha256, result: file, trust, sources }: ReportInput): Markup {
  const { result, disclosed, software, evidence, bootId, withheldAtMost, provedTime } = verdict.claims;
  const rows: (readonly [string, Part])[] = [
    ["Subject", disclosed.subject ?? "withheld"],
    ["Purpose", `${disclosed.purpose ?? "withheld"}; level ${disclosed.level ?? "withheld"}`],
    ["Issued", `${formatTime(result.interval.fromMs)} to ${formatTime(result.interval.toMs)}`],
    ...(provedTime === null ? [] : [["Existed by", `${formatTime(provedTime.atMs)}, as ${provedTime.authority} certifies`] as const]),
    ["Program", `${software.name} ${software.version}${software.commit === null ? "" : `, commit ${software.commit}`}`],
    ["Enclave", `${evidence.moduleId}, ${evidence.region ?? "unknown region"}, boot ${toHex(bootId).slice(0, 16)}`],
    [
      "Trust root",
      `${evidence.root.commonName}${evidence.simulated ? " (simulated)" : ""}; equal registers: ${evidence.matchedPcrs.join(", ")}`,
    ],
    ["PCR0", markup`<code>${toHex(evidence.pcrs.get(0) ?? new Uint8Array())}</code>`],
    ["Policy", markup`version ${result.policy.version}, <code>${toHex(result.policy.digest)}</code>`],
    ["Nonce", markup`<code>${toHex(result.nonce)}</code>`],
    [
      "Recording",
      markup`${match === "same" ? "the one that was analysed: its SHA-256 is the one in the result" : "not shown to be the one that was analysed"}<br><code>${recordingSha256}</code><br>read from ${sources.join(", ")}`,
    ],
    ["Result file", markup`<code>${file.sha256}</code>`],
    ["Trust file", markup`${trust.name}<br><code>${trust.sha256}</code>`],
    ["Withheld", withheldAtMost === 0 ? "nothing" : `at most ${count(withheldAtMost, "statement")}: decoys cannot be told from them`],
  ];
  if (result.flags.breakGlass) rows.push(["Break-glass", "access was taken in an emergency"]);
  if (result.flags.statusStale) rows.push(["Status", "answered under a status list that had ended"]);
  return facts(rows);
}
