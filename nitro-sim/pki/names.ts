import { objectIdentifier, printableString, sequence, setOfOne, utf8String } from "./der.ts";

const ATTRIBUTE = { CN: "2.5.4.3", C: "2.5.4.6", L: "2.5.4.7", ST: "2.5.4.8", O: "2.5.4.10", OU: "2.5.4.11" } as const;
type Rdn = readonly [keyof typeof ATTRIBUTE, string];

/** Who the simulator says it is, where AWS writes O=Amazon, OU=AWS. */
const ORGANISATION: readonly Rdn[] = [
  ["O", "Caladrius"],
  ["OU", "SIMULATED"],
];

/** The root's subject as node:crypto prints it; a root with another one is not ours. */
export const ROOT_SUBJECT = "C=US\nO=Caladrius\nOU=SIMULATED\nCN=SIMULATED.nitro-enclaves";

/** The five subjects, in the attribute orders of AWS's real chains: the zonal one is turned round. */
export function rootName(): Uint8Array {
  return name([["C", "US"], ...ORGANISATION, ["CN", "SIMULATED.nitro-enclaves"]]);
}

export function regionalName(id: string, region: string): Uint8Array {
  return name([["C", "US"], ...ORGANISATION, ["CN", `${id}.${region}.aws.nitro-enclaves`]]);
}

export function zonalName(id: string, region: string): Uint8Array {
  const place: readonly Rdn[] = [
    ["C", "US"],
    ["ST", "WA"],
    ["L", "Seattle"],
  ];
  return name([["CN", `${id}.zonal.${region}.aws.nitro-enclaves`], ...ORGANISATION.toReversed(), ...place]);
}

export function instanceName(instanceId: string, region: string): Uint8Array {
  return machineName(`${instanceId}.${region}.aws.nitro-enclaves`);
}

export function leafName(moduleId: string, region: string): Uint8Array {
  return machineName(`${moduleId}.${region}.aws`);
}

function machineName(commonName: string): Uint8Array {
  return name([["C", "US"], ["ST", "Washington"], ["L", "Seattle"], ...ORGANISATION, ["CN", commonName]]);
}

// Country is a PrintableString (RFC 5280 appendix A.1), everything else UTF8String, as AWS writes it.
function name(rdns: readonly Rdn[]): Uint8Array {
  return sequence(
    ...rdns.map(([key, text]) =>
      setOfOne(sequence(objectIdentifier(ATTRIBUTE[key]), key === "C" ? printableString(text) : utf8String(text))),
    ),
  );
}
