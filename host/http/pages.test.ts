import { describe, expect, it } from "vitest";
import { startHarness } from "../test-support/harness.ts";

const POLICY = "default-src 'none'; script-src 'sha256-abc='";
const PAGE = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${POLICY}"><title>page</title>`;

describe("pages for people", () => {
  it("are served with their own policy, which forbids frames too, and may be kept for a moment", async () => {
    const harness = await startHarness({ pages: { verify: async () => PAGE } });
    const answer = await fetch(`${harness.host.url}/verify`);
    expect([answer.status, await answer.text()]).toEqual([200, PAGE]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `${POLICY}; frame-ancestors 'none'`,
      "cache-control": "public, max-age=300",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
    });
    await harness.close();
  });

  it("can do nothing where a page states no policy", async () => {
    const harness = await startHarness({ pages: { verify: async () => "<script>alert(1)</script>" } });
    const { headers } = await fetch(`${harness.host.url}/verify`);
    expect(headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
    await harness.close();
  });

  it("are under the limits of every route, and tell nothing of a fault", async () => {
    const harness = await startHarness({
      limits: { requestsPerMinute: 2 },
      pages: { verify: () => Promise.reject(new Error("secret path")) },
    });
    const answers = [await get(harness.host.url), await get(harness.host.url), await get(harness.host.url)];
    expect(answers.map(([status]) => status)).toEqual([500, 500, 429]);
    expect(answers.map(([, text]) => text).join("")).not.toContain("secret");
    await harness.close();
  });

  it("are not there when none were given", async () => {
    const harness = await startHarness();
    const [status, text] = await get(harness.host.url);
    expect(status).toBe(404);
    expect(JSON.parse(text)).toMatchObject({ code: "route-unknown" });
    await harness.close();
  });
});

async function get(url: string): Promise<[status: number, text: string]> {
  const answer = await fetch(`${url}/verify`);
  return [answer.status, await answer.text()];
}
