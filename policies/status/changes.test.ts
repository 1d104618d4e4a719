import type { ReleaseStatus, Revocation, StatusList } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { diffStatusLists } from "./changes.ts";
import { firstStatusList } from "./next.ts";

const first = firstStatusList(new Uint8Array(48), 1_800_000_000);
const GRANT: Revocation = { what: "grant", id: new Uint8Array(16).fill(1), since: 100, reason: "withdrawn" };
const digest = new Uint8Array(48).fill(2);
const image = new Uint8Array(48).fill(3);
const release = (change: Partial<ReleaseStatus> = {}): ReleaseStatus => ({ digest, images: [image], lifecycle: "revoked", ...change });
const entry: Revocation = { what: "release", id: digest, since: 50, reason: "a bug" };

describe("what approvers of a status list are told of it", () => {
  it.each<[string, Partial<StatusList>, Partial<StatusList>, readonly string[]]>([
    ["adds", {}, { revocations: [GRANT] }, ["adds grant 01"]],
    ["an earlier time", { revocations: [GRANT] }, { revocations: [{ ...GRANT, since: 50 }] }, ["moves grant 01"]],
    ["a later time", { revocations: [GRANT] }, { revocations: [{ ...GRANT, since: 200 }] }, ["takes back grant 01"]],
    ["an entry left out", { revocations: [GRANT] }, {}, ["takes back grant 01"]],
    [
      "a time, given to a release that was revoked from ever",
      { releases: [release()] },
      { releases: [release()], revocations: [entry] },
      ["adds release 02", "takes back the revocation of the image with PCR0 03", "takes back release 02"],
    ],
    [
      "a release whose image another one has",
      { releases: [release()] },
      { releases: [release({ digest: image })] },
      ["takes back release 02", "adds release 03"],
    ],
    [
      "a candidate that is called active",
      { releases: [release({ lifecycle: "candidate" })] },
      { releases: [release({ lifecycle: "active" })] },
      ["moves release 02"],
    ],
    ["a lower floor", { lowestPolicyVersion: 3 }, { lowestPolicyVersion: 2 }, ["policy from version 3 to 2"]],
    ["nothing", { revocations: [GRANT], releases: [release()] }, { revocations: [GRANT], releases: [release()] }, []],
  ])("%s", (_, before, after, told) => {
    const { differences, takesBack } = diffStatusLists({ ...first, ...before }, { ...first, ...after });
    expect(differences.map(({ effect, words }, i) => `${effect} ${words}`.slice(0, told[i]?.length))).toEqual(told);
    const lower = (after.lowestPolicyVersion ?? 0) < (before.lowestPolicyVersion ?? 0);
    expect(differences.some(({ effect }) => effect === "takes back") || lower).toBe(takesBack);
  });
});
