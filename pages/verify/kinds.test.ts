import { decodeApproved, encodeApproved, encodeResultFile } from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { approvedRelease, foundConstitution, testRelease } from "@caladrius/attestation-verifier/generate/test-approvals.ts";
import { makeList } from "@caladrius/attestation-verifier/generate/test-crl.ts";
import { makeDocument } from "@caladrius/attestation-verifier/generate/test-document.ts";
import { makeResultFile, trustText } from "@caladrius/attestation-verifier/generate/test-result.ts";
import { makeStatusList } from "@caladrius/attestation-verifier/generate/test-status-list.ts";
import { kindOf } from "./kinds.ts";

const founded = foundConstitution();
const { bytes: result, file } = makeResultFile();
const { bytes: document, root } = makeDocument();
const text = (content: string): Uint8Array => new Uint8Array(Buffer.from(content));
const list = makeStatusList(founded.constitutionDigest);

describe("kindOf", () => {
  it.each<[string, Uint8Array, ReturnType<typeof kindOf>]>([
    ["a result", result, "result file"],
    ["a result with a release", encodeResultFile({ ...file, release: testRelease(), approvals: [] }), "result file"],
    ["a document", document, "attestation document"],
    ["a tagged document", Uint8Array.of(0xd2, ...document), "attestation document"],
    ["a trust file", text(`\n ${trustText(root)}`), "trust file"],
    ["a status list", list, "status list"],
    ["half of one", list.subarray(0, 90), "status list"],
    ["a status list without its approvals", decodeApproved(list).statement, "status list"],
    ["a constitution", founded.statement, "constitution"],
    ["half of one", founded.statement.subarray(0, 90), "constitution"],
    ["a revocation list", makeList("root"), "revocation list"],
    ["one in PEM", text("-----BEGIN X509 CRL-----\nMIIB"), "revocation list"],
    ["a release", testRelease(), { other: "release" }],
    ["a release with its approvals", encodeApproved(approvedRelease(founded.constitutionDigest)), { other: "release" }],
    ["nothing", new Uint8Array(0), null],
    ["text", text("0 results"), null],
  ])("tells %s", (_, bytes, kind) => {
    expect(kindOf(bytes)).toEqual(kind);
  });

  it("answers for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        kindOf(bytes);
      }),
    );
  });
});
