// @evervault/wasm-attestation-bindings 0.3.1, the browser's half of Evervault's attestation-doc-validation (Rust).
//
// The library alone: validateAttestationDocPcrs(base64 of the document, expected PCRs[]) -> boolean: COSE signature, path to the
// AWS root embedded in it, validity at Date.now(), form of the payload, and PCR0, 1, 2 and 8 against each entry of the list.
// Given by the adapter: the clock (Date.now answers the time asked for during the call); the kit's root in place of the PEM text
// embedded in the WebAssembly file; one PCRs object for each set of the trust file. A register other than these four cannot be given.
// Added by the adapter: the nonce that getNonce reads must equal the expected one (the library compares none).
import { readFileSync } from "node:fs";
import { load, replacePem, runAdapter } from "./adapter.mjs";
import { fourRegisters } from "./evervault-pcrs.mjs";

/** The library with this root, asked again and again: () => boolean. */
export async function prepare({ document, root, pcrSets, atMs, nonce }) {
  const sets = pcrSets.map(fourRegisters);
  const library = await load("@evervault/wasm-attestation-bindings");
  const file = new URL("index_bg.wasm", import.meta.resolve("@evervault/wasm-attestation-bindings"));
  library.initSync({ module: replacePem(readFileSync(file), root) });
  const base64 = Buffer.from(document).toString("base64");
  // the list is handed over to the library, which frees its members: new ones for every call
  const judge = () =>
    library.validateAttestationDocPcrs(
      base64,
      sets.map(({ pcr0, pcr1, pcr2, pcr8 }) => new library.PCRs(pcr0, pcr1, pcr2, pcr8)),
    ) &&
    (nonce === null || Buffer.from(nonce).equals(library.getNonce(base64) ?? NO_NONCE));
  return () => {
    const now = Date.now;
    if (atMs !== null) Date.now = () => atMs;
    try {
      return judge();
    } finally {
      Date.now = now;
    }
  };
}

const NO_NONCE = Buffer.alloc(0);

await runAdapter(import.meta.url, async (task) => (await prepare(task))());
