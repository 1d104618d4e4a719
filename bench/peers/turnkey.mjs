// @turnkey/crypto 2.13.2: the parts of its proof.js that do not depend on Turnkey's own enclaves.
//
// The library alone: verifyCoseSign1Sig(COSE_Sign1 decoded by cbor-js, leaf) and verifyCertificateChain(cabundle, root PEM, leaf,
// time): the signatures of the path; the dates of the root only (its source says why it leaves out the others); the root's SHA-256
// against a constant. Decoded with cbor-js and in this order, as its own verify() does.
// Given by the adapter: the kit's root as the PEM argument, and its SHA-256 in place of the constant while the module is loaded.
// Added by the adapter: PCRs and nonce, as its documentation tells callers ("callers must additionally pin and verify the expected
// PCR measurements"): every register that one set of the trust file names is equal; the nonce equals the expected one.
import { X509Certificate } from "node:crypto";
import { registerHooks } from "node:module";
import { AWS_ROOT_NAME, Cannot, load, runAdapter } from "./adapter.mjs";

/** The library with this root, asked again and again: () => Promise<boolean>. */
export async function prepare({ document, root, pcrSets, atMs, nonce }) {
  const pem = root === AWS_ROOT_NAME ? undefined : root;
  if (pem !== undefined) pinRoot(pem);
  const { verifyCertificateChain, verifyCoseSign1Sig } = await load("@turnkey/crypto");
  const { default: cbor } = await load("cbor-js");
  const { AWS_ROOT_CERT_PEM } = await load(new URL("constants.mjs", import.meta.resolve("@turnkey/crypto")).href);
  const sets = pcrSets.map((set) => Object.entries(set));
  return async () => {
    try {
      const coseSign1 = cbor.decode(Uint8Array.from(document).buffer);
      const [, , payload] = coseSign1;
      const { certificate, cabundle, timestamp, pcrs, nonce: found } = cbor.decode(new Uint8Array(payload).buffer);
      await verifyCoseSign1Sig(coseSign1, certificate);
      await verifyCertificateChain(cabundle, pem ?? AWS_ROOT_CERT_PEM, certificate, atMs ?? timestamp);
      const asExpected = (set) => set.every(([index, value]) => toHex(pcrs[index]) === value);
      return sets.some(asExpected) && (nonce === null || toHex(found) === toHex(nonce));
    } catch (error) {
      process.stderr.write(`${String(error)}\n`); // the library refuses by throwing
      return false;
    }
  };
}

/** Has the library's constant hold the fingerprint of this root. */
function pinRoot(pem) {
  const sha256 = new X509Certificate(pem).fingerprint256.replaceAll(":", "");
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.endsWith("/@turnkey/crypto/dist/constants.mjs")) return loaded;
      return { ...loaded, source: Buffer.from(loaded.source).toString("utf8").replace(AWS_ROOT_SHA256, sha256) };
    },
  });
}

function toHex(bytes) {
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString("hex") : null;
}

const AWS_ROOT_SHA256 = "641A0321A3E244EFE456463195D606317ED7CDCC3C1756E09893F3C68F79BB5B";

await runAdapter(import.meta.url, async (task) => {
  // the adapter compares registers, so nothing is learnt of the library where they must not be expected at all
  if (!task.pcrsUsable) throw new Cannot("cannot be given registers to compare");
  return (await prepare(task))();
});
