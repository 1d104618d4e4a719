export { openDevelopmentDeployment, type DevelopmentDeployment } from "./deployment.ts";
export { openDevelopmentKms, type DevelopmentKms } from "./kms.ts";
