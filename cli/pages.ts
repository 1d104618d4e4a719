import type { HostPages } from "@caladrius/host";
import { buildVerifyPage } from "@caladrius/pages";

/** Pages that are built when the first visitor asks, and again when that failed. */
export function lazyPages(): HostPages {
  let page: Promise<string> | null = null;
  return {
    verify() {
      page ??= buildVerifyPage().catch((error: unknown) => {
        page = null;
        throw error;
      });
      return page;
    },
  };
}
