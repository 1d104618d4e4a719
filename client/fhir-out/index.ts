export { bundleOf, type FhirInput } from "./bundle.ts";
export type { Bundle, Resource } from "./resources.ts";
