/** The part of cbor-x that this package calls; its own types need Node's. */
export declare class Decoder {
  constructor(options: { mapsAsObjects: boolean; useRecords: boolean; int64AsNumber: boolean; copyBuffers: boolean });
  decode(bytes: Uint8Array): unknown;
}
