import type { defaultProvider } from "@aws-sdk/credential-provider-node";
import { encodeCredentials, type Credentials } from "@caladrius/wire";
import { CredentialProblem, NEVER_MS, type CredentialSource } from "./source.ts";

/**
 * The AWS SDK's own chain on this host: environment, shared files, SSO, web identity, container, instance profile. It is
 * loaded when it is first asked. What it throws may quote files and programs, so only the kind of failure is told.
 */
export function credentialChain(): CredentialSource {
  let provider: ReturnType<typeof defaultProvider> | null = null;
  return {
    name: "the AWS default chain",
    everyMs: LOOK_EVERY_MS,
    async read(renew: boolean): Promise<Credentials> {
      try {
        provider ??= (await import("@aws-sdk/credential-provider-node")).defaultProvider();
        const { accessKeyId, secretAccessKey, sessionToken = "", expiration } = await provider(renew ? { forceRefresh: true } : {});
        const credentials = { accessKeyId, secretAccessKey, sessionToken, expiresMs: expiration?.getTime() ?? NEVER_MS };
        encodeCredentials(credentials); // the lengths that an enclave takes
        return credentials;
      } catch (error) {
        const kind = error instanceof Error && /^[A-Za-z]{1,60}$/.test(error.name) ? error.name : "Error";
        throw new CredentialProblem(
          `the AWS default chain gives no credentials (${kind}); the operator gives this host a role, or a file in --kms-credentials`,
        );
      }
    },
  };
}

const LOOK_EVERY_MS = 30_000;
