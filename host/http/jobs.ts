import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type, type TSchema } from "typebox";
import { decodeSealedJobHeader, toHex } from "@caladrius/wire";
import { Refusal } from "../errors.ts";
import { JOB_STATES, type JobState, type JobView, type NewJob, type Submission } from "../queue.ts";
import { clientOf, tenantOf } from "../sign-in/require-sign-in.ts";
import { isFinal } from "./hub.ts";
import { Intake } from "./intake.ts";
import { PROBLEM_RESPONSES } from "./problem.ts";
import type { HostApp, HostServices } from "./services.ts";

/** Media types of what goes through: opaque to the host. */
export const SEALED_JOB_TYPE = "application/vnd.caladrius.sealed-job+cbor";
export const SEALED_REPLY_TYPE = "application/vnd.caladrius.sealed-reply+cbor";
export const STATUS_TYPE = "application/vnd.caladrius.status+cose";

const JobParams = Type.Object({
  id: Type.String({ pattern: "^[0-9a-f]{32}$", description: "Job id of the clear header, lower-case hex." }),
});
const State = Type.Enum([...JOB_STATES], { description: "answered, cannot-open, reseal and expired are final." });
const Accepted = Type.Object({
  id: Type.String(),
  state: State,
  deleteToken: Type.String({ description: "Bearer token for DELETE; the same for the same bytes." }),
});
const Job = Type.Object({
  id: Type.String(),
  state: State,
  bytes: Type.Integer({ description: "Size of the sealed job." }),
  acceptedAt: Type.String({ description: "ISO 8601, by the host's clock." }),
  finishedAt: Type.Union([Type.String(), Type.Null()]),
  notAfter: Type.String({ description: "ISO 8601, of the clear header." }),
  replies: Type.Integer({ description: "Sealed replies that can be fetched, one per recipient." }),
});
const Pending = Type.Object({ id: Type.String(), state: State });
const Binary: TSchema = Type.Unsafe<Uint8Array>({ description: "Bytes, opaque to the host." });

/** Routes of /v1/jobs. */
export function jobRoutes(app: HostApp, services: HostServices): void {
  const { queue, limits } = services;
  const intake = new Intake(limits);
  app.addContentTypeParser(SEALED_JOB_TYPE, (_request: FastifyRequest, payload: IncomingMessage) => intake.read(payload));

  app.post(
    "/v1/jobs",
    {
      schema: {
        summary: "Submit a sealed job",
        description: "Durable before it is answered. The same bytes again are answered 200 with the job's present state.",
        consumes: [SEALED_JOB_TYPE],
        body: { content: { [SEALED_JOB_TYPE]: { schema: Binary } } },
        response: { 200: Accepted, 202: Accepted, ...PROBLEM_RESPONSES },
      },
    },
    async (request, reply) => {
      const body: unknown = request.body;
      if (!(body instanceof Uint8Array)) throw new Refusal("media-type", `a job is sent as ${SEALED_JOB_TYPE}`);
      try {
        if (services.isDraining()) throw new Refusal("draining", "try again shortly", 5000);
        const submission = await queue.submit(readJob(body, request, services.clock.nowMs()));
        const { job, deleteToken } = refused(submission);
        if (submission.kind === "accepted") services.metrics.accepted(job.bytes);
        return await reply
          .code(submission.kind === "accepted" ? 202 : 200)
          .header("location", `/v1/jobs/${job.id}`)
          .send({ id: job.id, state: job.state, deleteToken });
      } finally {
        intake.release(body.length);
      }
    },
  );

  app.get(
    "/v1/jobs/:id",
    { schema: { summary: "Where a job stands", params: JobParams, response: { 200: Job, ...PROBLEM_RESPONSES } } },
    async (request, reply) => {
      const { id, state, bytes, acceptedAtMs, finishedAtMs, notAfter, replies } = await find(services, request.params.id);
      const finishedAt = finishedAtMs === null ? null : iso(finishedAtMs);
      return reply.send({ id, state, bytes, acceptedAt: iso(acceptedAtMs), finishedAt, notAfter: iso(notAfter * 1000), replies });
    },
  );

  app.get(
    "/v1/jobs/:id/result",
    {
      schema: {
        summary: "A recipient's sealed reply",
        description:
          "202 until the job is final; `wait` holds the request until then. A job that ends without a reply is answered with " +
          "a problem: job-cannot-open (422), job-reseal (409), job-expired (410).",
        params: JobParams,
        querystring: Type.Object(
          {
            recipient: Type.Optional(
              Type.Integer({ minimum: 0, maximum: 7, default: 0, description: "Place in the request's recipients; 0 is the submitter." }),
            ),
            wait: Type.Optional(
              Type.Integer({ minimum: 0, maximum: MOST_WAIT_S, default: 0, description: "Seconds to wait for a final state." }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          200: { description: "The sealed reply.", content: { [SEALED_REPLY_TYPE]: { schema: Binary } } },
          202: Pending,
          ...PROBLEM_RESPONSES,
        },
      },
    },
    async (request, reply) => {
      const { recipient = 0, wait = 0 } = request.query;
      const job = await settled(services, request.params.id, wait, reply);
      if (!isFinal(job.state)) return pending(reply, job);
      if (job.state !== "answered") throw ended(job.state);
      const bytes = await queue.readReply(job.id, recipient);
      if (bytes === null) throw new Refusal("recipient-unknown", `the job has ${job.replies} replies, counted from 0`);
      return reply.type(SEALED_REPLY_TYPE).send(bytes);
    },
  );

  app.get(
    "/v1/jobs/:id/status",
    {
      schema: {
        summary: "The enclave's signed outer status",
        description:
          "A statement over the digests of the sealed job and of its replies: answered, or cannot open. 202 until the job is final.",
        params: JobParams,
        response: {
          200: { description: "COSE_Sign1.", content: { [STATUS_TYPE]: { schema: Binary } } },
          202: Pending,
          ...PROBLEM_RESPONSES,
        },
      },
    },
    async (request, reply) => {
      const job = await find(services, request.params.id);
      if (!isFinal(job.state)) return pending(reply, job);
      const bytes = await queue.readStatus(job.id);
      if (bytes === null) throw ended(job.state);
      return reply.type(STATUS_TYPE).send(bytes);
    },
  );

  app.delete(
    "/v1/jobs/:id",
    {
      schema: {
        summary: "Forget a job",
        description:
          "Removes the sealed job and its replies from the host. Needs `Caladrius-Delete-Token: <deleteToken>`, or `Authorization: Bearer <deleteToken>` where this host has no sign-in.",
        params: JobParams,
        security: [{ deleteToken: [] }],
        response: { 204: { description: "Forgotten.", type: "null" }, ...PROBLEM_RESPONSES },
      },
    },
    async (request, reply) => {
      const own = request.headers[DELETE_TOKEN];
      // With sign-in the other header carries the access token.
      const bearer = services.signIn === null ? /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1] : undefined;
      const token = /^[0-9a-f]{64}$/i.exec((typeof own === "string" ? own : bearer) ?? "")?.[0];
      if (token === undefined) throw new Refusal("token-missing", `send ${DELETE_TOKEN} with the deleteToken`);
      const removal = await queue.remove(request.params.id, token.toLowerCase());
      if (removal === "unknown") throw new Refusal("job-unknown", "perhaps its retention is over");
      if (removal === "wrong-token") throw new Refusal("token-wrong", "this token deletes another job, if any");
      return reply.code(204).send(null);
    },
  );
}

/** Reads the clear header, which is all of a job that a host may read. */
function readJob(sealed: Uint8Array, request: FastifyRequest, nowMs: number): NewJob {
  const { jobId, keyId, notAfter } = decodeSealedJobHeader(sealed); // hostile bytes
  if (notAfter * 1000 < nowMs) throw new Refusal("job-not-after", "by this host's clock");
  const digest = createHash("sha256").update(sealed).digest();
  const mostOpen = tenantOf(request)?.limits.openJobs ?? null;
  return {
    id: toHex(jobId),
    keyId: keyId.slice(),
    digest,
    notAfter,
    sealed,
    client: clientOf(request),
    ...(mostOpen === null ? {} : { mostOpen }),
  };
}

function refused(submission: Submission): { job: JobView; deleteToken: string } {
  switch (submission.kind) {
    case "accepted":
    case "known":
      return submission;
    case "conflict":
      throw new Refusal("job-conflict", "take another random job id");
    case "quota":
      throw new Refusal("job-quota", "wait until some of them have ended", 5000);
    case "full":
      throw new Refusal("store-full", "replies are removed when their retention is over", 60_000);
  }
}

async function find({ queue }: HostServices, id: string): Promise<JobView> {
  const job = await queue.find(id);
  if (job === null) throw new Refusal("job-unknown", "perhaps its retention is over");
  return job;
}

/** The job, once it is final or `waitS` has passed or the caller has gone. */
async function settled(services: HostServices, id: string, waitS: number, reply: FastifyReply): Promise<JobView> {
  const job = await find(services, id);
  if (waitS === 0 || isFinal(job.state)) return job;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, waitS * 1000);
    const stop = services.hub.listen(id, (_, state) => {
      if (isFinal(state)) done();
    });
    reply.raw.once("close", done);
    function done(): void {
      clearTimeout(timer);
      stop();
      reply.raw.removeListener("close", done);
      resolve();
    }
  });
  return find(services, id);
}

function pending(reply: FastifyReply, { id, state }: JobView): FastifyReply {
  return reply.code(202).header("retry-after", 1).send({ id, state });
}

function ended(state: JobState): Refusal {
  if (state === "reseal") return new Refusal("job-reseal", "the enclave that held the key is gone");
  if (state === "expired") return new Refusal("job-expired", "submit it again with a later notAfter");
  return new Refusal("job-cannot-open", "it was damaged, or not sealed to this enclave's key");
}

function iso(ms: number): string {
  return new Date(Math.min(ms, LAST_ISO_MS)).toISOString();
}

const DELETE_TOKEN = "caladrius-delete-token";
const MOST_WAIT_S = 30;
const LAST_ISO_MS = 253_402_300_799_000; // the end of the year 9999
