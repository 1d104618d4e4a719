import { equalBytes, toHex } from "@caladrius/wire";
import type { SignatureBackend } from "./backend.ts";

/**
 * A back end that has P-384 signatures verified once: the certificates, and often the document itself, are the same in
 * every result of one boot. It remembers keys, messages and signatures by their exact bytes, and only those that were
 * genuine, which they stay. Everything else is judged anew each time: validity, freshness, nonces, policy.
 *
 * Make one for a call or a run, not for a program's life.
 *
 * @param most how many signatures it keeps, at most 17 kB each; the one unused for longest goes first
 */
export function rememberSignatures(backend: SignatureBackend, most: number = DEFAULT_MOST): SignatureBackend {
  const genuine = new Map<string, { publicKey: Uint8Array; message: Uint8Array }>();
  const keep = (name: string, of: { publicKey: Uint8Array; message: Uint8Array }): true => {
    genuine.delete(name); // to the end of the order
    genuine.set(name, of);
    const [oldest] = genuine.keys();
    if (genuine.size > most && oldest !== undefined) genuine.delete(oldest);
    return true;
  };
  return {
    verifyEs384(publicKey, message, signature) {
      if (message.length > MOST_BYTES) return backend.verifyEs384(publicKey, message, signature); // a revocation list
      const name = toHex(signature);
      const known = genuine.get(name);
      if (known !== undefined && equalBytes(known.publicKey, publicKey) && equalBytes(known.message, message)) return keep(name, known);
      // Copies are verified, so that what is remembered is what was verified; slice() of a Node Buffer would be a view.
      const own = { publicKey: new Uint8Array(publicKey), message: new Uint8Array(message) };
      const answer = backend.verifyEs384(own.publicKey, own.message, new Uint8Array(signature));
      if (typeof answer === "boolean") return answer && keep(name, own);
      return answer.then((good) => good === true && keep(name, own));
    },
    verifyEs256: (publicKey, message, signature) => backend.verifyEs256(publicKey, message, signature),
    verifyEd25519: (publicKey, message, signature) => backend.verifyEd25519(publicKey, message, signature),
    verifyRsa: (publicKey, hash, message, signature) => backend.verifyRsa(publicKey, hash, message, signature),
  };
}

const DEFAULT_MOST = 32;
/** More than any document has. */
const MOST_BYTES = 17_000;
