import { existsSync, readFileSync } from "node:fs";
import { parseTrustFile, type TrustFile } from "@caladrius/attestation-verifier";
import { attestWithNonce } from "@caladrius/enclave/boot";
import { bootInProcess, makeSurroundings } from "@caladrius/test/support";

/** The document that every verifier gets, and what it is to be verified under, as the peers' adapters take it too. */
export interface Subject {
  readonly name: string;
  readonly document: Uint8Array;
  readonly root: string;
  readonly pcrSets: readonly Record<string, string>[];
  readonly atMs: number;
  readonly trust: TrustFile;
}

/** A real document where there is one, else one of a simulated enclave. */
export async function openSubject(): Promise<Subject> {
  return existsSync(new URL(FILE, FIXTURES)) ? realSubject() : simulatedSubject();
}

function realSubject(): Subject {
  const rows = JSON.parse(readFileSync(new URL("index.json", FIXTURES), "utf8")) as {
    file: string;
    timestamp: number;
    pcrs: Record<string, string>;
  }[];
  const row = rows.find(({ file }) => file.endsWith(FILE));
  if (row === undefined) throw new Error(`${FILE} is not in the index`);
  return {
    name: `real document of ${new Date(row.timestamp).toISOString().slice(0, 10)}`,
    document: new Uint8Array(readFileSync(new URL(FILE, FIXTURES))),
    atMs: row.timestamp,
    ...trustIn("aws-nitro-root-g1", row.pcrs, false),
  };
}

async function simulatedSubject(): Promise<Subject> {
  const surroundings = await makeSurroundings();
  const document = await attestWithNonce(await bootInProcess(surroundings), new Uint8Array(32));
  const measured = "01".repeat(48);
  return {
    name: "document of a simulated enclave",
    document,
    atMs: Date.now(),
    ...trustIn(surroundings.pki.rootPem, { "0": measured, "1": measured, "2": measured }, true),
  };
}

/** The three registers that every peer can be given. */
function trustIn(root: string, registers: Record<string, string>, allowSimulator: boolean): Pick<Subject, "root" | "pcrSets" | "trust"> {
  const pcrSets = [Object.fromEntries(["0", "1", "2"].map((index) => [index, registers[index] ?? ""]))];
  return { root, pcrSets, trust: parseTrustFile(JSON.stringify({ roots: [root], pcrs: pcrSets, allowSimulator })) };
}

const FIXTURES = new URL("../../shared/fixtures/attestation/", import.meta.url);
/** Of a production enclave, with a TLS key in user_data: one of the peers accepts no other. */
const FILE = "2023-01-18_us-east-1_prod_0ec0e5_061b9b75.cose";
