import { Type, type Static } from "typebox";
import { Refusal } from "../errors.ts";
import { EPOCH_STATES } from "../fleet/keeper.ts";
import { iso } from "./iso.ts";
import { PROBLEM_RESPONSES } from "./problem.ts";
import type { HostApp, HostServices } from "./services.ts";
import { StatusListView, viewOf } from "./status-list.ts";

/** /healthz, /readyz and /metrics. */
export function healthRoutes(app: HostApp, services: HostServices): void {
  const { enclave, clock, metrics, isDraining } = services;
  app.get(
    "/healthz",
    {
      config: { rateLimit: false },
      schema: { summary: "The process lives", response: { 200: Type.Object({ status: Type.Literal("alive") }), ...PROBLEM_RESPONSES } },
    },
    async (_request, reply) => reply.send({ status: "alive" }),
  );

  app.get(
    "/readyz",
    {
      config: { rateLimit: false },
      schema: {
        summary: "Jobs can be computed now",
        description:
          "200 while the enclave is connected and gave evidence within the last 15 minutes: jobs sealed to the keys of this boot are computed. " +
          "`degraded` says that jobs of the fleet, or under data keys, wait, or that the enclave has no status list in force and denies all but care; " +
          "`kms`, `fleet`, `statusList` and `waitingFor` say which, and the log says who acts.",
        response: { 200: Ready, ...PROBLEM_RESPONSES },
      },
    },
    async (_request, reply) => {
      if (isDraining()) throw new Refusal("draining", "the host stops");
      const { connected, attestedAtMs } = enclave.state;
      const ageMs = attestedAtMs === null ? Infinity : clock.nowMs() - attestedAtMs;
      if (!connected) throw new Refusal("enclave-unavailable", "the enclave is not connected", 1000);
      if (ageMs > MOST_ATTESTATION_AGE_MS) throw new Refusal("enclave-unavailable", "the last evidence is older than 15 minutes", 1000);
      return reply.send({ ...readyDetail(services), attestationAgeSeconds: Math.max(0, Math.round(ageMs / 1000)) });
    },
  );

  app.get(
    "/metrics",
    {
      config: { rateLimit: false },
      schema: {
        summary: "Numbers for the operator",
        response: { 200: { description: "Prometheus text.", content: { "text/plain": { schema: Type.String() } } }, ...PROBLEM_RESPONSES },
      },
    },
    async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}

const Ready = Type.Object({
  status: Type.Enum(["ready", "degraded"]),
  attestationAgeSeconds: Type.Integer(),
  kms: Type.Union([
    Type.Null(),
    Type.Object({
      credentials: Type.Enum(["missing", "fresh", "ending", "expired"]),
      expiresAt: Type.Union([Type.String(), Type.Null()]),
    }),
  ]),
  fleet: Type.Array(
    Type.Object({
      fleet: Type.String(),
      epoch: Type.Integer(),
      keyId: Type.String({ description: "Key id of jobs sealed to it, hex." }),
      state: Type.Enum([...EPOCH_STATES], { description: "Jobs are computed while it is served." }),
      code: Type.Union([Type.String({ description: "What the enclave last answered." }), Type.Null()]),
      notAfter: Type.String(),
    }),
  ),
  statusList: StatusListView,
  jobsWaiting: Type.Integer({ description: "Jobs that wait for KMS, or for an epoch to be served." }),
  waitingFor: Type.Array(Type.String(), {
    description: "What the enclave last answered to those jobs, such as kms-denied; each code once.",
  }),
});

function readyDetail({ credentials, fleet, enclave, statusLists }: HostServices): Omit<Static<typeof Ready>, "attestationAgeSeconds"> {
  const kms = credentials?.state ?? null;
  const epochs = fleet?.views ?? [];
  const late = kms !== null && (kms.state === "missing" || kms.state === "expired");
  const waits = epochs.some(({ state }) => state === "waiting" || state === "refused");
  const { jobsWaiting, waitingFor } = enclave.state;
  const statusList = viewOf(statusLists.state);
  return {
    status: late || waits || jobsWaiting > 0 || statusList.state !== "in-force" ? "degraded" : "ready",
    kms: kms === null ? null : { credentials: kms.state, expiresAt: kms.expiresAtMs === null ? null : iso(kms.expiresAtMs) },
    fleet: epochs.map(({ notAfterMs, ...one }) => ({ ...one, notAfter: iso(notAfterMs) })),
    statusList,
    jobsWaiting,
    waitingFor: [...waitingFor],
  };
}

const MOST_ATTESTATION_AGE_MS = 15 * 60 * 1000;
