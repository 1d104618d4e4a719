export { KMS_ERROR, KmsServiceError, type KmsErrorType } from "./errors.ts";
export {
  ADMINISTRATOR_POLICY,
  newPrincipal as newKmsPrincipal,
  openPrincipals as openKmsPrincipals,
  parsePrincipals as parseKmsPrincipals,
  type Credentials as KmsCredentials,
  type Principal as KmsPrincipal,
} from "./principals.ts";
export { errorResponse as kmsErrorResponse, type KmsResponse } from "./protocol/response.ts";
export type { Intercept as KmsIntercept, InterceptedCall as KmsInterceptedCall } from "./protocol/server.ts";
export * from "./recipient/index.ts";
export { startKms, type SimulatedKms, type SimulatedKmsOptions } from "./start.ts";
