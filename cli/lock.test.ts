import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { lockFolder } from "./lock.ts";

it("keeps a second one out of a data folder until the first gives it free", async () => {
  const folder = mkdtempSync(join(tmpdir(), "caladrius-lock-"));
  try {
    const unlock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: "store-locked" });
    unlock();
    (await lockFolder(folder))();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
