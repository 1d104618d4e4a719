export * from "./nsm/index.ts";
export * from "./pki/index.ts";
export * from "./vsock/index.ts";
