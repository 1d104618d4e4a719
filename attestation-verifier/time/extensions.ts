import { toHex } from "@caladrius/wire";
import { TAG } from "../evidence/der.ts";
import { readFields, readList, refuseForm, type Element } from "./form.ts";

export interface Extension {
  /** hex */
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Element;
}

/** Reads Extensions (RFC 5280 §4.1), none of them twice. @throws Refusal time-evidence-form */
export function readExtensions(list: Element): Extension[] {
  const seen = new Set<string>();
  return readList(list, TAG.sequence).map((extension) => {
    const [type, critical, value] = readFields(extension, TAG.oid, -TAG.boolean, TAG.octetString);
    const oid = toHex(type.content);
    if (seen.has(oid)) throw refuseForm(list, `extension ${oid} twice`);
    seen.add(oid);
    return { oid, critical: critical.tag > 0, value };
  });
}
