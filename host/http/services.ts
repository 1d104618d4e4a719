import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { EpochView } from "../fleet/keeper.ts";
import type { CredentialState } from "../kms-credentials/index.ts";
import type { HostLimits } from "../limits.ts";
import type { JobQueue } from "../queue.ts";
import type { Attestation, KeysAsked, RelayState } from "../relay/relay.ts";
import type { SignIn } from "../sign-in/sign-in.ts";
import type { StatusListState } from "../status/keeper.ts";
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
    attest(nonce: Uint8Array | null, keys: KeysAsked): Promise<Attestation>;
    readonly state: RelayState;
  };
  /** epochs that are handed over, and credentials for KMS; null where the host was given none */
  fleet: { readonly views: readonly EpochView[] } | null;
  credentials: { readonly state: CredentialState } | null;
  statusLists: {
    readonly state: StatusListState;
    /** the newest list that an enclave took, as bytes */
    readonly newest: { readonly file: Uint8Array };
    offer(file: Uint8Array): Promise<StatusListState>;
  };
  hub: StateHub;
  /** null: whoever reaches the host may use it */
  signIn: SignIn | null;
  metrics: HostMetrics;
  clock: { nowMs(): number };
  limits: Readonly<HostLimits>;
  isDraining: () => boolean;
  pages: HostPages | null;
}
