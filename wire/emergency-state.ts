import { roleThresholds, type RoleThreshold } from "./role-threshold.ts";
import { array, bool, bytes, int, nullable, oneOf, struct, text, type Schema } from "./schema/index.ts";

/** How an emergency stands. */
export interface EmergencyState {
  /** statement of kind emergency */
  emergency: Uint8Array;
  state: "waiting" | "granted" | "refused" | "expired";
  /** whether the second roles may answer too */
  escalated: boolean;
  answers: { person: string; role: string; granted: boolean }[];
  /** who is asked at the moment */
  asked: RoleThreshold[];
  /** Unix ms; null while it waits */
  expiresAtMs: number | null;
}

/** Schema of who answered, and how. */
export const emergencyAnswers: Schema<EmergencyState["answers"]> = array(
  struct<EmergencyState["answers"][number]>({
    person: ["person", text(1, 128)],
    role: ["role", text(1, 128)],
    granted: ["granted", bool],
  }),
  0,
  64,
);

/** Schema of how an emergency stands. */
export const emergencyState: Schema<EmergencyState> = struct<EmergencyState>({
  emergency: ["emergency", bytes(1, 4096)],
  state: ["state", oneOf("waiting", "granted", "refused", "expired")],
  escalated: ["escalated", bool],
  answers: ["answers", emergencyAnswers],
  asked: ["asked", roleThresholds],
  expiresAtMs: ["expiresAt", nullable(int(0, 2 ** 48))],
});
