interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** Whether an address lies in a range of CIDR notation (RFC 4632, RFC 4291 §2.3). Versions do not mix. */
export function inRange(address: string, range: string): boolean {
  const actual = readAddress(address);
  const wanted = readRange(range);
  if (actual === null || wanted === null || actual.bits !== wanted.network.bits) return false;
  const free = BigInt(wanted.network.bits - wanted.prefix);
  return actual.value >> free === wanted.network.value >> free;
}

/** Whether it is an address, or a range of them. */
export function isRange(text: string): boolean {
  return readRange(text) !== null;
}

/** Without a prefix the range is one address ("IP address condition operators": /32). */
function readRange(text: string): { network: Address; prefix: number } | null {
  const [address = "", prefix, more] = text.split("/");
  const network = readAddress(address);
  if (network === null || more !== undefined) return null;
  if (prefix === undefined) return { network, prefix: network.bits };
  return /^(?:0|[1-9][0-9]{0,2})$/.test(prefix) && Number(prefix) <= network.bits ? { network, prefix: Number(prefix) } : null;
}

function readAddress(text: string): Address | null {
  const four = readFour(text);
  if (four !== null) return { bits: 32, value: four };
  const halves = text.split("::");
  if (halves.length > 2 || !text.includes(":")) return null;
  const groups = halves.map((half, i) => (half === "" ? [] : readGroups(half.split(":"), i === halves.length - 1)));
  const known = groups.flat();
  if (known.includes("") || (halves.length === 1 ? known.length !== 8 : known.length > 7)) return null;
  const filled = [...(groups[0] ?? []), ...Array.from({ length: 8 - known.length }, () => "0"), ...(groups[1] ?? [])];
  return { bits: 128, value: filled.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) };
}

/** Groups of four digits; an IPv4 address at the very end counts as two (RFC 4291 §2.2). "" stands for what is neither. */
function readGroups(groups: readonly string[], last: boolean): string[] {
  return groups.flatMap((group, i) => {
    const four = last && i === groups.length - 1 ? readFour(group) : null;
    if (four !== null) return [(four >> 16n).toString(16), (four & 0xffffn).toString(16)];
    return [/^[0-9a-fA-F]{1,4}$/.test(group) ? group : ""];
  });
}

function readFour(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256)) return null;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}
