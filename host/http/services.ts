import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { AttestReply } from "@caladrius/wire";
import type { HostLimits } from "../limits.ts";
import type { JobQueue } from "../queue.ts";
import type { StateHub } from "./hub.ts";
import type { HostMetrics } from "./metrics.ts";

/** A fastify instance whose handlers take their types from typebox schemas. */
export type HostApp = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>;

/** Pages for people, each one whole HTML file whose `<meta>` states its content security policy. */
export interface HostPages {
  verify(): Promise<string>;
}

/** What the routes need of the rest of the host. */
export interface HostServices {
  queue: JobQueue;
  enclave: {
    attest(nonce: Uint8Array | null): Promise<{ body: Uint8Array; reply: AttestReply }>;
    readonly state: { connected: boolean; attestedAtMs: number | null; reconnects: number; jobsInFlight: number };
  };
  hub: StateHub;
  metrics: HostMetrics;
  clock: { nowMs(): number };
  limits: Readonly<HostLimits>;
  isDraining: () => boolean;
  pages: HostPages | null;
}
