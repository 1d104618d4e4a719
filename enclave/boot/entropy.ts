import { hkdfSync, randomBytes } from "node:crypto";
import type { Nsm } from "../nsm/client.ts";

/** Derives independent secrets from one pool: a label gives the same bytes each time. */
export type Derive = (label: string, bytes: number) => Uint8Array;

/**
 * A fresh pool from NSM and the kernel together (RFC 5869): whoever predicts one of the two learns nothing.
 * @throws DependencyError nsm-*
 */
export async function gatherEntropy(nsm: Nsm): Promise<Derive> {
  const { random } = await nsm.call<"GetRandom">({ kind: "GetRandom" });
  const pool = Buffer.concat([random, randomBytes(64)]);
  return (label, bytes) => new Uint8Array(hkdfSync("sha256", pool, SALT, label, bytes));
}

const SALT = "caladrius boot";
