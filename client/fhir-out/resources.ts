// The parts of FHIR R4 (4.0.1) that a bundle of ours uses, as its resource definitions have them.

/** An element that is absent for a stated reason carries this extension in its place. */
export interface Extension {
  readonly url: string;
  readonly valueCode: string;
}
export interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}
export interface CodeableConcept {
  readonly coding?: readonly Coding[];
  readonly text?: string;
}
export interface Identifier {
  readonly system: string;
  readonly value: string;
}
export interface Reference {
  readonly reference?: string;
  readonly identifier?: Identifier;
  readonly display?: string;
  readonly extension?: readonly Extension[];
}
export interface Period {
  readonly start: string;
  readonly end: string;
}
export interface Quantity {
  readonly value: number;
  readonly unit: string;
  readonly system: string;
  readonly code: string;
}
export interface Meta {
  readonly tag: readonly Coding[];
}

export interface Observation {
  readonly resourceType: "Observation";
  readonly id: string;
  readonly identifier?: readonly Identifier[];
  readonly status: "final";
  readonly code: CodeableConcept;
  readonly subject: Reference;
  readonly effectivePeriod?: Period;
  readonly valueQuantity?: Quantity;
  readonly valueBoolean?: boolean;
  readonly dataAbsentReason?: CodeableConcept;
  readonly device?: Reference;
  readonly derivedFrom?: readonly Reference[];
  readonly component?: readonly {
    readonly code: CodeableConcept;
    readonly valueQuantity?: Quantity;
    readonly valueCodeableConcept?: CodeableConcept;
    readonly valueString?: string;
  }[];
}

export interface DetectedIssue {
  readonly resourceType: "DetectedIssue";
  readonly id: string;
  readonly status: "final";
  readonly code: CodeableConcept;
  readonly severity?: "high" | "moderate" | "low";
  readonly patient: Reference;
  readonly identifiedPeriod: Period;
  readonly author: Reference;
  readonly evidence?: readonly { readonly code?: readonly CodeableConcept[]; readonly detail?: readonly Reference[] }[];
}

export interface Device {
  readonly resourceType: "Device";
  readonly id: string;
  readonly identifier?: readonly Identifier[];
  readonly deviceName: readonly { readonly name: string; readonly type: "model-name" }[];
  readonly version: readonly { readonly type: CodeableConcept; readonly component?: Identifier; readonly value: string }[];
  readonly note?: readonly { readonly text: string }[];
}

export interface Provenance {
  readonly resourceType: "Provenance";
  readonly id: string;
  readonly target: readonly Reference[];
  readonly occurredPeriod: Period;
  readonly recorded: string;
  readonly agent: readonly { readonly type: CodeableConcept; readonly who: Reference }[];
  readonly entity: readonly { readonly role: "source" | "derivation"; readonly what: Reference }[];
  readonly signature: readonly {
    readonly type: readonly Coding[];
    readonly when: string;
    readonly who: Reference;
    readonly sigFormat: string;
    readonly data: string;
  }[];
}

export interface OperationOutcome {
  readonly resourceType: "OperationOutcome";
  readonly id: string;
  readonly issue: readonly { readonly severity: "error"; readonly code: "forbidden"; readonly details: CodeableConcept }[];
}

export type Resource = Observation | DetectedIssue | Device | Provenance | OperationOutcome;

/** A Bundle of type collection. */
export interface Bundle {
  readonly resourceType: "Bundle";
  readonly id: string;
  readonly meta: Meta;
  readonly identifier: Identifier;
  readonly type: "collection";
  readonly timestamp: string;
  readonly entry: readonly { readonly fullUrl: string; readonly resource: Resource }[];
}
