import { Type } from "typebox";
import { PROBLEM_RESPONSES } from "./problem.ts";
import type { HostApp, HostPages } from "./services.ts";

/** Pages for people. A host that was given none answers 404. */
export function pageRoutes(app: HostApp, pages: HostPages): void {
  app.get(
    "/verify",
    {
      schema: {
        summary: "A page that verifies results in the browser",
        description: "One HTML file that loads nothing and sends nothing. To judge this very host, use a copy from the project's release.",
        response: { 200: { description: "The page.", content: { "text/html": { schema: Type.String() } } }, ...PROBLEM_RESPONSES },
      },
    },
    async (_request, reply) => {
      const page = await pages.verify();
      return reply
        .header("content-security-policy", policyOf(page))
        .header("cache-control", "public, max-age=300")
        .type("text/html; charset=utf-8")
        .send(page);
    },
  );
}

/** The page's own policy as a header, which can also forbid frames; without one, nothing in the page may act. */
function policyOf(page: string): string {
  const own = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(page)?.[1] ?? "default-src 'none'";
  return `${own}; frame-ancestors 'none'`;
}
