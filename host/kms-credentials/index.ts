export { credentialChain } from "./chain.ts";
export { credentialFile } from "./file.ts";
export { CredentialKeeper, type CredentialState } from "./keeper.ts";
export type { CredentialSource } from "./source.ts";
