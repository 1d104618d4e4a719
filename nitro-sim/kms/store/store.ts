import { join } from "node:path";
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { InvariantError } from "@caladrius/wire";
import type { KeySpec, KeyUsage } from "../material/specs.ts";
import { openMasterKey, type MasterKey } from "./master-key.ts";
import { openDatabase } from "./open.ts";

/** A key without its material. */
export interface KeyRecord {
  readonly id: string;
  readonly account: string;
  readonly spec: KeySpec;
  readonly usage: KeyUsage;
  readonly description: string;
  /** the key policy's text as it was put */
  readonly policy: string;
  readonly enabled: boolean;
  readonly createdMs: number;
  /** when it will be deleted, null unless that is scheduled */
  readonly deleteAtMs: number | null;
  /** period of automatic rotation, null while that is off */
  readonly rotationDays: number | null;
  readonly nextRotationMs: number | null;
}

/** One version of a key's material; `secret` is 32 bytes of a symmetric or HMAC key, else PKCS #8 DER. */
export interface Material {
  readonly version: number;
  readonly createdMs: number;
  readonly rotation: RotationKind | null;
}
/** Why a version was made; null for the first. */
export type RotationKind = "AUTOMATIC" | "ON_DEMAND";

/** An alias of an account. */
export interface AliasRecord {
  readonly account: string;
  readonly name: string;
  readonly keyId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** Opens the store of a data folder. @throws ConfigurationError as openMasterKey and openDatabase */
export async function openStore(dataDir: string): Promise<KmsStore> {
  const master = await openMasterKey(join(dataDir, "master.key"));
  return new KmsStore(openDatabase(dataDir, master), master);
}

/** Keys, material, aliases and tags. What a method wrote is on disk when it returns; key material lies there sealed under the master key. */
export class KmsStore {
  readonly master: MasterKey;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, master: MasterKey) {
    this.#db = db;
    this.master = master;
  }

  close(): void {
    this.#db.close();
  }

  /** All or nothing. */
  transaction<T>(work: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  insertKey(key: KeyRecord, secret: Uint8Array, tags: Readonly<Record<string, string>>): void {
    this.transaction(() => {
      this.#run(
        "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        key.id,
        key.account,
        key.spec,
        key.usage,
        key.description,
        key.policy,
        Number(key.enabled),
        key.createdMs,
        key.deleteAtMs,
        key.rotationDays,
        key.nextRotationMs,
      );
      this.#insertMaterial(key.id, { version: 1, createdMs: key.createdMs, rotation: null }, secret);
      this.putTags(key.id, tags);
    });
  }

  key(id: string): KeyRecord | null {
    const row = this.#get("SELECT * FROM keys WHERE id = ?", id);
    return row === null ? null : toKey(row);
  }

  /** Ids in order, of one account, after `after`. */
  keyIds(account: string, after: string, limit: number): readonly string[] {
    return this.#all("SELECT id FROM keys WHERE account = ? AND id > ? ORDER BY id LIMIT ?", account, after, limit).map((row) =>
      text(row, "id"),
    );
  }

  setPolicy(id: string, policy: string): void {
    this.#run("UPDATE keys SET policy = ? WHERE id = ?", policy, id);
  }

  setDescription(id: string, description: string): void {
    this.#run("UPDATE keys SET description = ? WHERE id = ?", description, id);
  }

  setEnabled(id: string, enabled: boolean): void {
    this.#run("UPDATE keys SET enabled = ? WHERE id = ?", Number(enabled), id);
  }

  /** Schedules a deletion, or with null takes it back; the key is disabled either way, as AWS does. */
  setDeletion(id: string, deleteAtMs: number | null): void {
    this.#run("UPDATE keys SET delete_at_ms = ?, enabled = 0 WHERE id = ?", deleteAtMs, id);
  }

  setRotation(id: string, rotation: { days: number; nextMs: number } | null): void {
    this.#run("UPDATE keys SET rotation_days = ?, next_rotation_ms = ? WHERE id = ?", rotation?.days ?? null, rotation?.nextMs ?? null, id);
  }

  /** Ids of keys whose day of deletion has come. */
  dueForDeletion(nowMs: number): readonly string[] {
    return this.#all("SELECT id FROM keys WHERE delete_at_ms <= ?", nowMs).map((row) => text(row, "id"));
  }

  /** Removes a key with all its material, aliases and tags. */
  deleteKey(id: string): void {
    this.#run("DELETE FROM keys WHERE id = ?", id);
  }

  /** Keys whose automatic rotation is due. */
  dueForRotation(nowMs: number): readonly KeyRecord[] {
    return this.#all("SELECT * FROM keys WHERE next_rotation_ms <= ? AND delete_at_ms IS NULL", nowMs).map(toKey);
  }

  /** All versions, oldest first. */
  materials(keyId: string): readonly Material[] {
    return this.#all("SELECT version, created_ms, rotation FROM material WHERE key_id = ? ORDER BY version", keyId).map((row) => ({
      version: integer(row, "version"),
      createdMs: integer(row, "created_ms"),
      rotation: row["rotation"] as RotationKind | null,
    }));
  }

  /** The newest version with its secret. */
  currentSecret(keyId: string): { readonly version: number; readonly secret: Uint8Array } {
    const row = this.#get("SELECT version, sealed FROM material WHERE key_id = ? ORDER BY version DESC LIMIT 1", keyId);
    if (row === null) throw new InvariantError("kms-material", `${keyId} has no material`);
    const version = integer(row, "version");
    return { version, secret: this.#unseal(keyId, version, row) };
  }

  /** The secret of one version, null where there is none. */
  secret(keyId: string, version: number): Uint8Array | null {
    const row = this.#get("SELECT sealed FROM material WHERE key_id = ? AND version = ?", keyId, version);
    return row === null ? null : this.#unseal(keyId, version, row);
  }

  /** Adds a version that is used from now on; earlier ones still open what they made. */
  addMaterial(keyId: string, material: Omit<Material, "version">, secret: Uint8Array): void {
    const { version } = this.currentSecret(keyId);
    this.#insertMaterial(keyId, { ...material, version: version + 1 }, secret);
  }

  alias(account: string, name: string): AliasRecord | null {
    const row = this.#get("SELECT * FROM aliases WHERE account = ? AND name = ?", account, name);
    return row === null ? null : toAlias(row);
  }

  /** Aliases of an account in order, after `after`; of one key where it is given. */
  aliases(account: string, keyId: string | null, after: string, limit: number): readonly AliasRecord[] {
    const sql = "SELECT * FROM aliases WHERE account = ? AND name > ? AND (? IS NULL OR key_id = ?) ORDER BY name LIMIT ?";
    return this.#all(sql, account, after, keyId, keyId, limit).map(toAlias);
  }

  insertAlias(alias: AliasRecord): void {
    this.#run("INSERT INTO aliases VALUES (?, ?, ?, ?, ?)", alias.account, alias.name, alias.keyId, alias.createdMs, alias.updatedMs);
  }

  retargetAlias(account: string, name: string, keyId: string, updatedMs: number): void {
    this.#run("UPDATE aliases SET key_id = ?, updated_ms = ? WHERE account = ? AND name = ?", keyId, updatedMs, account, name);
  }

  deleteAlias(account: string, name: string): void {
    this.#run("DELETE FROM aliases WHERE account = ? AND name = ?", account, name);
  }

  /** Tags in the order of their names. */
  tags(keyId: string): readonly { readonly name: string; readonly value: string }[] {
    return this.#all("SELECT name, value FROM tags WHERE key_id = ? ORDER BY name", keyId).map((row) => ({
      name: text(row, "name"),
      value: text(row, "value"),
    }));
  }

  putTags(keyId: string, tags: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(tags)) this.#run("INSERT OR REPLACE INTO tags VALUES (?, ?, ?)", keyId, name, value);
  }

  deleteTag(keyId: string, name: string): void {
    this.#run("DELETE FROM tags WHERE key_id = ? AND name = ?", keyId, name);
  }

  #insertMaterial(keyId: string, { version, createdMs, rotation }: Material, secret: Uint8Array): void {
    const sealed = this.master.seal("key material", `${keyId} ${version}`, secret);
    this.#run("INSERT INTO material VALUES (?, ?, ?, ?, ?)", keyId, version, createdMs, rotation, sealed);
  }

  #unseal(keyId: string, version: number, row: Row): Uint8Array {
    const secret = this.master.open("key material", `${keyId} ${version}`, row["sealed"] as Uint8Array);
    if (secret === null) throw new InvariantError("kms-material", `version ${version} of ${keyId} does not open under the master key`);
    return secret;
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values);
  }

  #get(sql: string, ...values: SQLInputValue[]): Row | null {
    return this.#statement(sql).get(...values) ?? null;
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values);
  }
}

type Row = Record<string, SQLOutputValue>;

function toKey(row: Row): KeyRecord {
  return {
    id: text(row, "id"),
    account: text(row, "account"),
    spec: text(row, "spec") as KeySpec,
    usage: text(row, "usage") as KeyUsage,
    description: text(row, "description"),
    policy: text(row, "policy"),
    enabled: integer(row, "enabled") === 1,
    createdMs: integer(row, "created_ms"),
    deleteAtMs: row["delete_at_ms"] as number | null,
    rotationDays: row["rotation_days"] as number | null,
    nextRotationMs: row["next_rotation_ms"] as number | null,
  };
}

function toAlias(row: Row): AliasRecord {
  return {
    account: text(row, "account"),
    name: text(row, "name"),
    keyId: text(row, "key_id"),
    createdMs: integer(row, "created_ms"),
    updatedMs: integer(row, "updated_ms"),
  };
}

function text(row: Row, name: string): string {
  return row[name] as string;
}

function integer(row: Row, name: string): number {
  return row[name] as number;
}
