import { randomBytes } from "node:crypto";
import { demandNotDeleting, demandUsable, type Call, type NamedKey } from "../call.ts";
import { KmsServiceError } from "../errors.ts";
import { materialId } from "../material/blob.ts";
import type { KmsStore } from "../store/store.ts";
import { DAY_MS } from "./keys.ts";
import type { Operation, Output } from "./operation.ts";
import { page } from "./paging.ts";

/** Operations that change a symmetric key's material. Every version stays, so what an earlier one encrypted still opens. */
export const ROTATION_OPERATIONS: Readonly<Record<string, Operation>> = {
  EnableKeyRotation: {
    run: (call) => {
      const days = call.input.integer("RotationPeriodInDays", MIN_PERIOD_DAYS, MAX_PERIOD_DAYS) ?? DEFAULT_PERIOD_DAYS;
      const key = rotatable(call, { "kms:RotationPeriodInDays": String(days) });
      demandUsable(key, "ENCRYPT_DECRYPT");
      call.store.setRotation(key.id, { days, nextMs: call.nowMs + days * DAY_MS });
      return null;
    },
  },
  DisableKeyRotation: {
    run: (call) => {
      const key = rotatable(call);
      demandUsable(key, "ENCRYPT_DECRYPT");
      call.store.setRotation(key.id, null);
      return null;
    },
  },
  GetKeyRotationStatus: {
    run: (call) => {
      const key = rotatable(call);
      const on = key.rotationDays !== null && key.deleteAtMs === null;
      return {
        KeyId: key.arn,
        KeyRotationEnabled: on,
        RotationPeriodInDays: on ? (key.rotationDays ?? undefined) : undefined,
        NextRotationDate: on && key.nextRotationMs !== null ? key.nextRotationMs / 1000 : undefined,
      };
    },
  },
  RotateKeyOnDemand: {
    run: (call) => {
      const key = rotatable(call);
      demandUsable(key, "ENCRYPT_DECRYPT");
      const made = call.store.materials(key.id).filter(({ rotation }) => rotation === "ON_DEMAND").length;
      if (made >= MAX_ON_DEMAND)
        throw new KmsServiceError("LimitExceededException", `a key is rotated on demand at most ${MAX_ON_DEMAND} times`);
      call.store.addMaterial(key.id, { createdMs: call.nowMs, rotation: "ON_DEMAND" }, randomBytes(32));
      return { KeyId: key.arn };
    },
  },
  ListKeyRotations: { run: listKeyRotations },
};

/** Does what the clock has made due: automatic rotations, and the end of keys whose deletion was scheduled. */
export function applyDueChanges(store: KmsStore, nowMs: number): void {
  for (const id of store.dueForDeletion(nowMs)) store.deleteKey(id);
  for (const key of store.dueForRotation(nowMs)) {
    const { rotationDays, nextRotationMs } = key;
    if (rotationDays === null || nextRotationMs === null) continue;
    store.transaction(() => {
      // Disabled keys are not rotated; AWS catches up when they are enabled again.
      if (!key.enabled) return;
      store.addMaterial(key.id, { createdMs: nextRotationMs, rotation: "AUTOMATIC" }, randomBytes(32));
      const missed = Math.floor((nowMs - nextRotationMs) / (rotationDays * DAY_MS));
      store.setRotation(key.id, { days: rotationDays, nextMs: nextRotationMs + (missed + 1) * rotationDays * DAY_MS });
    });
  }
}

function listKeyRotations(call: Call): Output {
  const include = call.input.oneOf("IncludeKeyMaterial", ["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"]) ?? "ROTATIONS_ONLY";
  const key = rotatable(call);
  const all = call.store.materials(key.id);
  const listed = all.filter(({ rotation }) => include === "ALL_KEY_MATERIAL" || rotation !== null);
  const { items, nextMarker } = page(
    call.input,
    { default: 100, most: 1000 },
    (after, limit) => listed.filter(({ version }) => version > Number(after)).slice(0, limit),
    ({ version }) => String(version),
  );
  return {
    Rotations: items.map(({ version, createdMs, rotation }) => ({
      KeyId: key.arn,
      KeyMaterialId: materialId({ keyId: key.id, version }),
      KeyMaterialState: version === all.length ? "CURRENT" : "NON_CURRENT",
      RotationDate: rotation === null ? undefined : createdMs / 1000,
      RotationType: rotation ?? undefined,
    })),
    NextMarker: nextMarker,
    Truncated: nextMarker !== undefined,
  };
}

function rotatable(call: Call, conditions: Readonly<Record<string, string>> = {}): NamedKey {
  const key = call.key("KeyId", { aliasAllowed: false });
  call.authorize(key, conditions);
  if (key.spec !== "SYMMETRIC_DEFAULT")
    throw new KmsServiceError("UnsupportedOperationException", `${key.arn} key spec is ${key.spec}, which is not rotated.`);
  if (call.operation !== "GetKeyRotationStatus" && call.operation !== "ListKeyRotations") demandNotDeleting(key);
  return key;
}

const MIN_PERIOD_DAYS = 90;
const MAX_PERIOD_DAYS = 2560;
const DEFAULT_PERIOD_DAYS = 365;
const MAX_ON_DEMAND = 25;
