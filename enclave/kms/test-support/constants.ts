/** Where KMS is, one of its keys, and what a test asks of it. */
export const HOST = "kms.eu-central-1.amazonaws.com";
export const KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
export const CONTEXT: Readonly<Record<string, string>> = { "caladrius-fleet": "ward", "caladrius-epoch": "1" };
export const CREDENTIALS = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret", sessionToken: "token" } as const;
export const BLOB: Uint8Array = new Uint8Array(184).fill(3);
