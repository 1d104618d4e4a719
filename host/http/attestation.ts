import { Type } from "typebox";
import { fromHex, toBase64 } from "@caladrius/wire";
import { Refusal } from "../errors.ts";
import type { Attestation, KeysAsked } from "../relay/relay.ts";
import { EnclaveRefusal } from "../relay/session.ts";
import { PROBLEM_RESPONSES } from "./problem.ts";
import type { HostApp, HostServices } from "./services.ts";

/** Media type of an attestation: CBOR {evidence, identity, sequence} as the enclave wrote it. */
export const ATTESTATION_TYPE = "application/vnd.caladrius.attestation+cbor";

const AttestationQuery = Type.Object(
  {
    nonce: Type.Optional(
      Type.String({
        pattern: "^(?:[0-9a-f]{2}){8,64}$",
        description: "8 to 64 random bytes as lower-case hex; without it the last evidence is given.",
      }),
    ),
    keys: Type.Optional(
      Type.Enum(["boot", "fleet"], {
        default: "boot",
        description:
          "Which identity: with the keys of this boot, or with the newest keys of the fleet that this enclave serves. " +
          "fleet-none (404) when it serves none, fleet-waiting (503) while the enclave waits for KMS.",
      }),
    ),
  },
  { additionalProperties: false },
);
const Attestation = Type.Object({
  evidence: Type.String({ description: "Attestation document, base64." }),
  identity: Type.String({ description: "Identity that the evidence commits to, base64." }),
  sequence: Type.Integer({ description: "Counts the identities of one boot." }),
});

/** GET /v1/attestation. The host passes on what the enclave says; only the caller's own verification makes it worth something. */
export function attestationRoutes(app: HostApp, services: HostServices): void {
  const { limits } = services;
  app.get(
    "/v1/attestation",
    {
      config: { rateLimit: { max: limits.attestationsPerMinute, timeWindow: 60_000 } },
      schema: {
        summary: "The enclave's evidence",
        description: `${ATTESTATION_TYPE} or application/cbor when Accept asks for it, else JSON with base64. Unverified: verify it against your trust file.`,
        querystring: AttestationQuery,
        response: {
          200: {
            description: "Evidence and identity.",
            content: {
              "application/json": { schema: Attestation },
              [ATTESTATION_TYPE]: { schema: Type.Unsafe<Uint8Array>({ description: "CBOR" }) },
            },
          },
          ...PROBLEM_RESPONSES,
        },
      },
    },
    async (request, reply) => {
      const { nonce, keys = "boot" } = request.query;
      const { body, reply: answer } = await attest(services, nonce === undefined ? null : fromHex(nonce), keys);
      void reply.header("vary", "accept");
      if (wantsCbor(request.headers.accept)) return reply.type(ATTESTATION_TYPE).send(body);
      const { evidence, identity, sequence } = answer;
      return reply.type("application/json").send({ evidence: toBase64(evidence), identity: toBase64(identity), sequence });
    },
  );
}

async function attest({ enclave, fleet }: HostServices, nonce: Uint8Array | null, keys: KeysAsked): Promise<Attestation> {
  try {
    return await enclave.attest(nonce, keys);
  } catch (error) {
    if (!(error instanceof EnclaveRefusal)) throw error;
    if (error.reason !== "no-fleet") throw new Refusal("enclave-refused", error.message, 1000);
    const comes = fleet?.views.some(({ state }) => state === "waiting") === true;
    if (comes) throw new Refusal("fleet-waiting", "see /readyz", 2000);
    throw new Refusal("fleet-none", "seal to the keys of this boot, or ask the host's operator for the fleet");
  }
}

function wantsCbor(accept: string | undefined): boolean {
  return /(?:^|[,\s])application\/(?:cbor|vnd\.caladrius\.attestation\+cbor)\s*(?:$|[,;])/i.test(accept ?? "");
}
