export * from "./development/index.ts";
export * from "./kms/index.ts";
export * from "./launcher/index.ts";
export * from "./nsm/index.ts";
export * from "./pki/index.ts";
export * from "./qemu/index.ts";
export * from "./vsock/index.ts";
