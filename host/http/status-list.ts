import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import { Type, type TSchema, type TUnsafe } from "typebox";
import { MAX_STATUS_LIST_BYTES, toHex } from "@caladrius/wire";
import { Refusal } from "../errors.ts";
import type { StatusListState } from "../status/keeper.ts";
import { STATUS_LIST_TYPE } from "../status/source.ts";
import { Intake } from "./intake.ts";
import { iso } from "./iso.ts";
import { PROBLEM_RESPONSES } from "./problem.ts";
import type { HostApp, HostServices } from "./services.ts";

const Binary: TSchema = Type.Unsafe<Uint8Array>({ description: "A status-list statement with the approvals over it." });

/** How the host stands with status lists, as JSON tells it. */
export interface StatusListJson {
  number: number;
  issuedAt: string;
  expiresAt: string;
  state: StatusListState["state"];
  fresh: boolean;
  bootNonce: string | null;
}
const View = Type.Object({
  number: Type.Integer({ description: "Of the newest list that an enclave took." }),
  issuedAt: Type.String(),
  expiresAt: Type.String({ description: "From then on the enclave answers care alone, for its grace." }),
  state: Type.Enum(["waiting", "in-force", "expired"], { description: "waiting: no enclave that is connected has it yet." }),
  fresh: Type.Boolean({ description: "The enclave says that the list repeats its boot nonce." }),
  bootNonce: Type.Union([Type.String({ description: "Hex; a list that repeats it is fresh for this boot." }), Type.Null()]),
});
/** Its schema. */
export const StatusListView: TUnsafe<StatusListJson> = Type.Unsafe<StatusListJson>(View);

/**
 * GET and POST /v1/status-list. A list is signed, and every enclave and verifier judges it: whoever brings one needs no
 * sign-in, and whoever fetches one trusts nobody here.
 */
export function statusListRoutes(app: HostApp, { statusLists, limits }: HostServices): void {
  const intake = new Intake({ intakeBytes: 4 * MAX_STATUS_LIST_BYTES, bodyIdleMs: limits.bodyIdleMs });
  app.addContentTypeParser(STATUS_LIST_TYPE, (_request: FastifyRequest, payload: IncomingMessage) =>
    intake.read(payload, MAX_STATUS_LIST_BYTES),
  );

  app.get(
    "/v1/status-list",
    {
      schema: {
        summary: "The newest status list",
        description: "That an enclave took. If-None-Match is answered 304 while it is the same.",
        response: {
          200: { description: "The list.", content: { [STATUS_LIST_TYPE]: { schema: Binary } } },
          304: Type.Null(),
          ...PROBLEM_RESPONSES,
        },
      },
    },
    async (request, reply) => {
      const { file } = statusLists.newest;
      const etag = `"${createHash("sha256").update(file).digest("hex").slice(0, 32)}"`;
      void reply.header("etag", etag);
      if (request.headers["if-none-match"] === etag) return reply.code(304).send(null);
      return reply.type(STATUS_LIST_TYPE).send(file);
    },
  );

  app.post(
    "/v1/status-list",
    {
      config: { rateLimit: { max: limits.statusListsPerMinute, timeWindow: 60_000 } },
      schema: {
        summary: "Hand a newer status list to the enclave",
        description: "Answered once it is in force. The enclave decides; an older one, or another one of the same number, is answered 409.",
        consumes: [STATUS_LIST_TYPE],
        body: { content: { [STATUS_LIST_TYPE]: { schema: Binary } } },
        response: { 200: StatusListView, ...PROBLEM_RESPONSES },
      },
    },
    async (request, reply) => {
      const body: unknown = request.body;
      if (!(body instanceof Uint8Array)) throw new Refusal("media-type", `a status list is sent as ${STATUS_LIST_TYPE}`);
      try {
        return await reply.send(viewOf(await statusLists.offer(body)));
      } finally {
        intake.release(body.length);
      }
    },
  );
}

/** The state as JSON tells it. */
export function viewOf({ number, issuedAtMs, expiresAtMs, state, fresh, bootNonce }: StatusListState): StatusListJson {
  const nonce = bootNonce === null ? null : toHex(bootNonce);
  return { number, issuedAt: iso(issuedAtMs), expiresAt: iso(expiresAtMs), state, fresh, bootNonce: nonce };
}
