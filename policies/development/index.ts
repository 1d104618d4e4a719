export { makeDevelopmentBundle, makeDevelopmentConstitution, makeDevelopmentStatusList, type DevelopmentSigner } from "./deployment.ts";
