import {
  encodeNotice,
  encodeSealedReply,
  encodeStatement,
  NOTICE_PADDED_BYTES,
  noticeInfo,
  pad,
  paddingRoom,
  type NoticeEvent,
  type SealingPublicKey,
} from "@caladrius/wire";
import type { SigningKey } from "../crypto.ts";
import { seal, type HpkePublicKey } from "../open/hpke.ts";
import { recipientKey } from "../open/recipient-key.ts";

/**
 * What auditors are told. Each answer carries a notice for each of them, of one size: of what happened with that job, else
 * of something that happened before, in turn. So a host cannot tell when something happens, and one notice lost is not lost.
 */
export class Notices {
  readonly #auditors: readonly HpkePublicKey[];
  readonly #resultKey: SigningKey;
  readonly #bootId: Uint8Array;
  readonly #info: Uint8Array;
  /** payloads of the events told last */
  readonly #recent: Uint8Array[] = [];
  #number = 0;
  #turn = 0;

  /** @param auditors none where no emergency opens anything. @throws HpkeKeyError for bytes that are no key */
  constructor(
    auditors: readonly SealingPublicKey[],
    { resultKey, bootId, constitutionDigest }: { resultKey: SigningKey; bootId: Uint8Array; constitutionDigest: Uint8Array },
  ) {
    this.#auditors = auditors.map((key) => recipientKey(key));
    this.#resultKey = resultKey;
    this.#bootId = bootId;
    this.#info = noticeInfo(constitutionDigest);
  }

  /** One sealed notice for each auditor, to go with one answer. */
  next(event: NoticeEvent | null): Uint8Array[] {
    if (event !== null) this.#remember(event);
    if (this.#auditors.length === 0) return [];
    const statement = encodeStatement("notice", "Ed25519", this.#payload(event !== null), this.#resultKey.sign);
    const plaintext = pad(statement, NOTICE_PADDED_BYTES);
    return this.#auditors.map((key) => encodeSealedReply(seal(key, { info: this.#info, aad: NOTHING, plaintext })));
  }

  #remember(event: NoticeEvent): void {
    this.#number += 1;
    const encode = (answers: NoticeEvent["answers"]): Uint8Array =>
      encodeNotice({ version: 1, bootId: this.#bootId, number: this.#number, event: { ...event, answers } });
    let { answers } = event;
    let payload = encode(answers);
    while (answers.length > 0 && payload.length + STATEMENT_BYTES > paddingRoom(NOTICE_PADDED_BYTES)) {
      answers = answers.slice(0, -1);
      payload = encode(answers);
    }
    this.#recent.push(payload);
    if (this.#recent.length > MOST_REPEATED) this.#recent.shift();
  }

  #payload(newest: boolean): Uint8Array {
    const at = newest ? this.#recent.length - 1 : this.#turn++ % Math.max(1, this.#recent.length);
    return this.#recent[at] ?? encodeNotice({ version: 1, bootId: this.#bootId, number: 0, event: null });
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);
/** What a statement adds to its payload: more than it takes. */
const STATEMENT_BYTES = 192;
const MOST_REPEATED = 64;
