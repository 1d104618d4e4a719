import { Type } from "typebox";
import { Refusal } from "../errors.ts";
import { PROBLEM_RESPONSES } from "./problem.ts";
import type { HostApp, HostServices } from "./services.ts";

/** /healthz, /readyz and /metrics. */
export function healthRoutes(app: HostApp, { enclave, clock, metrics, isDraining }: HostServices): void {
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
        description: "200 while the enclave is connected and gave evidence within the last 15 minutes.",
        response: { 200: Type.Object({ status: Type.Literal("ready"), attestationAgeSeconds: Type.Integer() }), ...PROBLEM_RESPONSES },
      },
    },
    async (_request, reply) => {
      if (isDraining()) throw new Refusal("draining", "the host stops");
      const { connected, attestedAtMs } = enclave.state;
      const ageMs = attestedAtMs === null ? Infinity : clock.nowMs() - attestedAtMs;
      if (!connected) throw new Refusal("enclave-unavailable", "the enclave is not connected", 1000);
      if (ageMs > MOST_ATTESTATION_AGE_MS) throw new Refusal("enclave-unavailable", "the last evidence is older than 15 minutes", 1000);
      return reply.send({ status: "ready", attestationAgeSeconds: Math.max(0, Math.round(ageMs / 1000)) });
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

const MOST_ATTESTATION_AGE_MS = 15 * 60 * 1000;
