import {
  DecryptCommand,
  DisableKeyRotationCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  RotateKeyOnDemandCommand,
} from "@aws-sdk/client-kms";
import { describe, expect, it } from "vitest";
import { failureName, newKey, startTestKms } from "../test-support/service.ts";
import { sharedTestKms, TEXT } from "../test-support/shared.ts";

const DAY_MS = 86_400_000;
const { admin } = await sharedTestKms();

describe("rotation", () => {
  it("on demand keeps what earlier material encrypted", async () => {
    const KeyId = await newKey(admin);
    const before = await admin.send(new EncryptCommand({ KeyId, Plaintext: TEXT }));
    await admin.send(new RotateKeyOnDemandCommand({ KeyId }));
    const after = await admin.send(new EncryptCommand({ KeyId, Plaintext: TEXT }));
    const opened = await Promise.all(
      [before, after].map(({ CiphertextBlob }) => admin.send(new DecryptCommand({ CiphertextBlob, KeyId }))),
    );
    expect(opened.map(({ Plaintext }) => Buffer.from(Plaintext!))).toEqual([TEXT, TEXT]);
    expect(opened[0]!.KeyMaterialId).not.toBe(opened[1]!.KeyMaterialId);
    const { Rotations } = await admin.send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" }));
    expect(Rotations?.map(({ KeyMaterialId, KeyMaterialState, RotationType }) => [KeyMaterialId, KeyMaterialState, RotationType])).toEqual([
      [opened[0]!.KeyMaterialId, "NON_CURRENT", undefined],
      [opened[1]!.KeyMaterialId, "CURRENT", "ON_DEMAND"],
    ]);
    for (let made = 1; made < 25; made++) await admin.send(new RotateKeyOnDemandCommand({ KeyId }));
    expect(await failureName(admin.send(new RotateKeyOnDemandCommand({ KeyId })))).toBe("LimitExceededException");
  });

  it("comes by itself when its time has come", async () => {
    const own = await startTestKms();
    const client = own.client();
    const KeyId = await newKey(client);
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext: TEXT }));
    expect(await client.send(new GetKeyRotationStatusCommand({ KeyId }))).toMatchObject({ KeyRotationEnabled: false });
    expect(await failureName(client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 89 })))).toBe("ValidationException");
    await client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
    const start = own.time.nowMs;
    expect(await client.send(new GetKeyRotationStatusCommand({ KeyId }))).toMatchObject({
      KeyRotationEnabled: true,
      RotationPeriodInDays: 90,
      NextRotationDate: new Date(start + 90 * DAY_MS),
    });
    own.time.nowMs += 200 * DAY_MS; // nobody asked for more than two periods: one new material is enough
    client.config.systemClockOffset = 200 * DAY_MS;
    const { Rotations } = await client.send(new ListKeyRotationsCommand({ KeyId }));
    expect(Rotations).toMatchObject([{ RotationType: "AUTOMATIC", RotationDate: new Date(start + 90 * DAY_MS) }]);
    const { NextRotationDate } = await client.send(new GetKeyRotationStatusCommand({ KeyId }));
    expect(NextRotationDate).toEqual(new Date(start + 270 * DAY_MS));
    expect(Buffer.from((await client.send(new DecryptCommand({ CiphertextBlob }))).Plaintext!)).toEqual(TEXT);
    await client.send(new DisableKeyRotationCommand({ KeyId }));
    own.time.nowMs += 200 * DAY_MS;
    client.config.systemClockOffset = 400 * DAY_MS;
    expect((await client.send(new ListKeyRotationsCommand({ KeyId }))).Rotations).toHaveLength(1);
    await own.close();
  });

  it("is not for asymmetric keys", async () => {
    const KeyId = await newKey(admin, { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
    expect(await failureName(admin.send(new EnableKeyRotationCommand({ KeyId })))).toBe("UnsupportedOperationException");
  });
});
