import { array, int, struct, text, type Schema } from "./schema/index.ts";

/** How many persons of a role must approve. */
export interface RoleThreshold {
  role: string;
  threshold: number;
}

/** Schema of how many persons of a role must approve. */
export const roleThreshold: Schema<RoleThreshold> = struct<RoleThreshold>({
  role: ["role", text(1, 128)],
  threshold: ["threshold", int(1, 32)],
});
/** Schema of a quorum: at least one role. */
export const roleThresholds: Schema<RoleThreshold[]> = array(roleThreshold, 1, 16);
