// The published types describe the whole of node-forge, an older reader with it; the program takes the reader alone.
declare module "node-forge/lib/asn1.js" {
  /** One element: a string with one character a byte, or the elements within. */
  export interface Asn1 {
    tagClass: number;
    type: number;
    constructed: boolean;
    value: string | Asn1[];
  }
  const asn1: {
    /** @throws Error */
    fromDer(bytes: string, options: { strict: boolean; parseAllBytes: boolean; decodeBitStrings: boolean; maxDepth: number }): Asn1;
  };
  export default asn1;
}
