import type { StatusList } from "@caladrius/wire";
import { indexRevocations } from "./revocations.ts";

type Forbids = Pick<StatusList, "lowestPolicyVersion" | "revocations" | "releases">;

/** Whether anything that `before` forbids is allowed by `after`, or forbidden from later on only. */
export function takesBack(before: Forbids, after: Forbids): boolean {
  const [old, now] = [indexRevocations(before), indexRevocations(after)];
  const weaker = (since: number, than: number | null): boolean => than === null || than > since;
  return (
    after.lowestPolicyVersion < before.lowestPolicyVersion ||
    before.revocations.some(({ what, id, since }) => weaker(since, now.since(what, id))) ||
    [...old.images].some(([image, since]) => weaker(since, now.images.get(image) ?? null)) ||
    // relying parties tell a release by its statement too, whichever images stand with it
    before.releases.some(({ digest }) => {
      const since = old.releaseSince(digest);
      return since !== null && weaker(since, now.releaseSince(digest));
    })
  );
}
