import { isIPv6 } from "node:net";
import { fromHex } from "@caladrius/wire";
import type { FastifyRequest } from "fastify";
import { Refusal } from "../errors.ts";
import type { HostApp, HostServices } from "../http/services.ts";
import type { Tenant } from "./sign-in.ts";

/** What the sign-in said of one request; the refusal is told once its rate was counted. */
type Outcome = { tenant: Tenant } | { refusal: unknown };

const outcomes = new WeakMap<FastifyRequest, Outcome>();

/** The tenant who asks; null where this host has no sign-in, or the route needs none. */
export function tenantOf(request: FastifyRequest): Tenant | null {
  const outcome = outcomes.get(request);
  return outcome !== undefined && "tenant" in outcome ? outcome.tenant : null;
}

/** Whom quotas count: the tenant, else the address. */
export function clientOf(request: FastifyRequest): string {
  const tenant = tenantOf(request);
  return tenant === null ? request.ip : `tenant ${tenant.name}`;
}

/** Whom rate limits count: the tenant, else the address, of IPv6 the subnet of one subscriber. */
export function rateKeyOf(request: FastifyRequest): string {
  const client = clientOf(request);
  if (tenantOf(request) !== null || !isIPv6(client) || client.startsWith("::ffff:")) return client;
  const [head = "", tail = ""] = new URL(`http://[${client.replace(/%.*$/, "")}]`).hostname.slice(1, -1).split("::");
  const [first, last] = [head, tail].map((part) => part.split(":").filter((one) => one !== "")) as [string[], string[]];
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => "0"), ...last].slice(0, 4).join(":");
}

/** Looks at the token of each request, before its rate is counted by tenant. */
export function readSignIn(app: HostApp, { signIn }: HostServices): void {
  if (signIn === null) return;
  app.addHook("onRequest", async (request) => {
    if (!NEEDED.test(request.routeOptions.url ?? "")) return;
    outcomes.set(
      request,
      await signIn.tenantOf(request.headers.authorization).then(
        (tenant) => ({ tenant }),
        (refusal: unknown) => ({ refusal }),
      ),
    );
  });
}

/**
 * Refuses who did not sign in, before a body is read; and whoever asks for another tenant's job, which then is as unknown
 * as one that never was. Whoever names the digest of the sealed job has it from its submitter, and may read.
 */
export function requireSignIn(app: HostApp, { signIn, queue }: HostServices): void {
  if (signIn === null) return;
  app.addHook("preParsing", async (request) => {
    const outcome = outcomes.get(request);
    if (outcome === undefined) return;
    if ("refusal" in outcome) throw outcome.refusal;
    const url = request.routeOptions.url ?? "";
    const { id, job } = { ...(request.params as { id?: string }), ...(request.query as { job?: string }) };
    if (url === "/v1/events" && job === undefined) throw new Refusal("request-invalid", "with sign-in a stream is of one job: ?job=");
    const named = url === "/v1/events" ? job : id;
    if (named === undefined) return;
    const proof = request.headers[JOB_DIGEST];
    const digest = request.method === "GET" && typeof proof === "string" && /^[0-9a-f]{64}$/.test(proof) ? fromHex(proof) : null;
    if (!(await queue.isOf(named, clientOf(request), digest))) throw new Refusal("job-unknown", "perhaps its retention is over");
  });
}

/** Header by which a recipient names the sealed job's SHA-256, in hex. */
export const JOB_DIGEST = "caladrius-job-digest";

/**
 * Everything about jobs, and what costs the enclave something. Status lists need none: whoever stops something must be able
 * to. Nor do notices: a host that knew which auditor looks could show each what suits it.
 */
const NEEDED = /^\/v1\/(jobs|events|attestation)/;
