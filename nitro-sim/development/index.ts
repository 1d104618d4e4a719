export { openDevelopmentDeployment, type DevelopmentDeployment } from "./deployment.ts";
