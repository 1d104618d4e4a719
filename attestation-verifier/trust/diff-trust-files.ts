import { toHex } from "@caladrius/wire";
import type { TrustFile } from "./trust-file.ts";

/** One difference between two trust files. */
export interface TrustDifference {
  readonly what: "root" | "pcrs" | "allowDebug" | "allowSimulator" | "maxAgeSeconds" | "regions" | "timeAuthority" | "fleet";
  /** what only the first file says; null = nothing */
  readonly before: string | null;
  /** what only the second file says; null = nothing */
  readonly after: string | null;
  /** whether the second file accepts something that the first did not */
  readonly widens: boolean;
}

/** What changes from one trust file to another, in a fixed order. Lists are compared as sets: their order means nothing. */
export function diffTrustFiles(before: TrustFile, after: TrustFile): TrustDifference[] {
  const differences = [
    ...diffLists("root", before.anchors.map(describeRoot), after.anchors.map(describeRoot)),
    ...diffLists("pcrs", before.pcrSets.map(describeSet), after.pcrSets.map(describeSet)),
  ];
  const flag = (what: "allowDebug" | "allowSimulator" | "fleet"): void => {
    if (before[what] !== after[what])
      differences.push({ what, before: String(before[what]), after: String(after[what]), widens: after[what] });
  };
  flag("allowDebug");
  flag("allowSimulator");
  if (before.maxAgeMs !== after.maxAgeMs) {
    const seconds = (ms: number | null): string => (ms === null ? "none" : String(ms / 1000));
    differences.push({
      what: "maxAgeSeconds",
      before: seconds(before.maxAgeMs),
      after: seconds(after.maxAgeMs),
      widens: (after.maxAgeMs ?? Infinity) > (before.maxAgeMs ?? Infinity),
    });
  }
  const [regionsBefore, regionsAfter] = [describeRegions(before), describeRegions(after)];
  if (regionsBefore !== regionsAfter) {
    const widens = after.regions === null || after.regions.some((region) => before.regions?.includes(region) === false);
    differences.push({ what: "regions", before: regionsBefore, after: regionsAfter, widens });
  }
  const describeAuthority = ({ name, sha256 }: TrustFile["timeAuthorities"][number]): string => `${name} sha256:${sha256}`;
  differences.push(
    ...diffLists("timeAuthority", before.timeAuthorities.map(describeAuthority), after.timeAuthorities.map(describeAuthority)),
  );
  flag("fleet");
  return differences;
}

function diffLists(what: "root" | "pcrs" | "timeAuthority", before: readonly string[], after: readonly string[]): TrustDifference[] {
  const removed = before
    .filter((one) => !after.includes(one))
    .map((one): TrustDifference => ({ what, before: one, after: null, widens: false }));
  const added = after
    .filter((one) => !before.includes(one))
    .map((one): TrustDifference => ({ what, before: null, after: one, widens: true }));
  return [...removed, ...added];
}

function describeRegions({ regions }: TrustFile): string {
  return regions === null ? "any" : [...new Set(regions)].toSorted().join(" ") || "none";
}

function describeRoot({ sha256, certificate, simulated }: TrustFile["anchors"][number]): string {
  return `${certificate.subject.commonName}${simulated ? " (SIMULATED)" : ""} sha256:${sha256}`;
}

function describeSet(set: TrustFile["pcrSets"][number]): string {
  return [...set]
    .toSorted(([a], [b]) => a - b)
    .map(([index, value]) => `${index}:${toHex(value)}`)
    .join(" ");
}
