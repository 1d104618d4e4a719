export { call as callKms, type RawAnswer as KmsAnswer } from "../kms/test-support/raw.ts";
