import { Type } from "typebox";
import { decodeAttestReply, toBase64 } from "@caladrius/wire";
import { PROBLEM_RESPONSES } from "./problem.ts";
import type { HostApp, HostServices } from "./services.ts";

const Notices = Type.Object({
  notices: Type.Array(
    Type.Object({
      number: Type.Integer({ description: "Of this host's own count, which starts at 1; ask for those after it next time." }),
      auditor: Type.Integer({ description: "Place in the constitution's auditorKeys." }),
      sealed: Type.String({ description: "Sealed notice, base64." }),
    }),
  ),
});
const Boots = Type.Object({
  boots: Type.Array(
    Type.Object({
      evidence: Type.String({ description: "Attestation document, base64." }),
      identity: Type.String({ description: "Identity that the evidence commits to, base64." }),
    }),
  ),
});

/** GET /v1/notices and /v1/notices/boots. Notices are sealed to the constitution's auditors: whoever else fetches them learns nothing. */
export function noticeRoutes(app: HostApp, { queue, limits }: HostServices): void {
  app.get(
    "/v1/notices",
    {
      config: { rateLimit: { max: limits.noticePagesPerMinute, timeWindow: 60_000 } },
      schema: {
        summary: "Sealed notices for auditors",
        description:
          `Oldest first, at most ${PAGE} at a time. Each answer of an enclave comes with one for each auditor where emergencies are ` +
          "allowed, whether or not something happened. The newest are kept.",
        querystring: Type.Object(
          {
            after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 })),
            auditor: Type.Optional(Type.Integer({ minimum: 0, maximum: 7, description: "Only those for this auditor." })),
          },
          { additionalProperties: false },
        ),
        response: { 200: Notices, ...PROBLEM_RESPONSES },
      },
    },
    async (request, reply) => {
      const { after = 0, auditor = null } = request.query;
      const notices = await queue.notices.read(after, auditor, PAGE);
      return reply.send({ notices: notices.map((one) => ({ ...one, sealed: toBase64(one.sealed) })) });
    },
  );

  app.get(
    "/v1/notices/boots",
    {
      schema: {
        summary: "Who sealed the notices",
        description: "Evidence and identity of the enclaves that this host booted lately. Unverified: verify them against your trust file.",
        response: { 200: Boots, ...PROBLEM_RESPONSES },
      },
    },
    async (_request, reply) => {
      const boots = (await queue.notices.boots()).map((attestation) => decodeAttestReply(attestation));
      return reply.send({ boots: boots.map(({ evidence, identity }) => ({ evidence: toBase64(evidence), identity: toBase64(identity) })) });
    },
  );
}

const PAGE = 64;
