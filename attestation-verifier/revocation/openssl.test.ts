import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseTrustAnchor } from "../evidence/anchor.ts";
import { readChain } from "../evidence/chain.ts";
import { extension, hex, utcTime } from "../generate/der.ts";
import { LIST_OID, listEntry, makeList, namesLists, type ListParts } from "../generate/test-crl.ts";
import { keyOf, makeChain, NOW_MS } from "../generate/test-pki.ts";
import { signatures } from "../signatures/node.ts";
import { readCertificateList } from "./certificate-list.ts";
import { findRevocation } from "./find-revocation.ts";
import { verifyRevocation } from "./verify-revocation.ts";

const OPENSSL = "openssl";
const openssl = (args: readonly string[], input: Uint8Array = new Uint8Array(0)): { status: number | null; stdout: string } =>
  spawnSync(OPENSSL, args, { input, encoding: "utf8" });
const present = openssl(["version"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "crl-"));
afterAll(() => rmSync(folder, { recursive: true }));

const DAY = 86_400_000;
const SERIAL = "5a00000000000000000000000000000000";
const { root, cabundle, certificate } = makeChain(namesLists);
const chain = readChain(cabundle, certificate, [parseTrustAnchor(root)]);
const list = (edit: (list: ListParts) => void): Uint8Array => makeList("root", edit);
const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString("base64")
    .replaceAll(/.{64}(?=.)/g, "$&\n")}\n-----END ${label}-----\n`;
const path = (name: string): string => join(folder, name);

/** Whether openssl accepts the regional certificate with this list of its issuer. */
function opensslAccepts(crl: Uint8Array): boolean {
  writeFileSync(path("root.pem"), pem("CERTIFICATE", root));
  writeFileSync(path("regional.pem"), pem("CERTIFICATE", cabundle[1] ?? root));
  writeFileSync(path("list.pem"), pem("X509 CRL", crl));
  const files = ["-CAfile", path("root.pem"), "-CRLfile", path("list.pem"), path("regional.pem")];
  return openssl(["verify", "-crl_check", "-attime", `${NOW_MS / 1000}`, ...files]).status === 0;
}

async function weAccept(crl: Uint8Array): Promise<boolean> {
  return verifyRevocation(chain, [crl], NOW_MS, signatures).then(
    ({ covered }) => covered.includes("regional certificate"),
    () => false,
  );
}

describe.skipIf(!present)("revocation lists beside openssl", () => {
  it.each<[string, boolean, (list: ListParts) => void]>([
    ["an empty one", true, () => {}],
    ["one without extensions", true, (parts) => (parts.extensions = null)],
    ["one that revokes others", true, (parts) => (parts.entries = [listEntry("01", NOW_MS - DAY, 1), listEntry("5a", NOW_MS - DAY)])],
    ...[null, 0, 1, 2, 3, 4, 5, 6, 9, 10].map(
      (reason) =>
        [
          `one that revokes for reason ${reason ?? "none"}`,
          false,
          (parts) => (parts.entries = [listEntry(SERIAL, NOW_MS - DAY, reason)]),
        ] satisfies [string, boolean, (list: ListParts) => void],
    ),
    ["one with an unknown extension", true, (parts) => parts.extensions?.push(extension("2a0304", false, hex("0500")))],
    ["one with an unknown critical extension", false, (parts) => parts.extensions?.push(extension("2a0304", true, hex("0500")))],
    [
      "one for some certificates",
      false,
      (parts) => parts.extensions?.push(extension(LIST_OID.issuingDistributionPoint, true, hex("30038101ff"))),
    ],
    ["one of last week", false, (parts) => (parts.nextUpdate = utcTime(NOW_MS - 1000))],
    ["one signed by another", false, (parts) => (parts.signer = keyOf("leaf"))],
    ["one of another name", false, (parts) => (parts.issuer = chain.regional.subject.der)],
    ["one whose algorithms differ", false, (parts) => (parts.outerAlgorithm = hex("300a06082a8648ce3d040302"))],
  ])("%s is judged alike", async (_, accepted, edit) => {
    const crl = list(edit);
    expect(opensslAccepts(crl)).toBe(accepted);
    expect(await weAccept(crl)).toBe(accepted);
  });

  it("have the serial numbers, dates and reasons that openssl prints", () => {
    const serials = ["07", "80", "ff00", "5a00000000000000000000000000000000", "9175681b90afe11d46ccb4e4e7f856aa", `ff${"01".repeat(19)}`];
    const crl = list((parts) => (parts.entries = serials.map((serial, n) => listEntry(serial, NOW_MS - n * DAY, n % 2 === 0 ? 1 : 4))));
    const text = openssl(["crl", "-inform", "DER", "-noout", "-text"], crl).stdout;
    const printed = [...text.matchAll(/Serial Number: (\w+)\s+Revocation Date: (.*) GMT[\s\S]*?Reason Code: \s*(.*)/g)];
    expect(printed.map(([, serial]) => serial?.toLowerCase())).toEqual(serials);
    const parsed = readCertificateList(crl, "list");
    for (const [, serial = "", date = "", reason] of printed)
      expect(findRevocation(parsed, hex(serial.toLowerCase()), NOW_MS)).toEqual({
        reason: reason === "Superseded" ? "superseded" : "keyCompromise",
        dateMs: Date.parse(`${date} GMT`),
      });
  });

  it("are read by openssl wherever they are read here", () => {
    const crl = list((parts) => (parts.entries = [listEntry("07", NOW_MS, 1), listEntry(SERIAL, NOW_MS + DAY, 4)]));
    let read = 0;
    for (let at = 0; at < crl.length; at += 5) {
      const changed = crl.with(at, (crl[at] ?? 0) ^ (1 << (at % 8)));
      try {
        const parsed = readCertificateList(changed, "list");
        findRevocation(parsed, hex("07"), NOW_MS);
        if (Buffer.compare(parsed.issuer, chain.anchor.certificate.subject.der) !== 0) continue; // is not read, but compared
      } catch {
        continue; // openssl reads BER and much else
      }
      read += 1;
      expect(openssl(["crl", "-inform", "DER", "-noout"], changed).status, `byte ${at}`).toBe(0);
    }
    expect(read).toBeGreaterThan(20);
  });
});
