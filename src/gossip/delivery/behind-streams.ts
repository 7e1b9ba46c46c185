import type { KeyId } from '../../crypto/topic-keys.js';
import type { Deadline } from '../../runtime/deadlines.service.js';
import type { Stream, StreamId } from '../bundles/stream.js';

/** A stream that is delivered from the log instead of as it is released: a key was missing, or still is. */
export interface BehindStream {
  readonly stream: Stream;
  /** The first seq that was not delivered. */
  nextSeq: number;
  /** The last that was released; what of it could not be logged is released again. */
  lastSeq: number;
  missingKey: KeyId | undefined;
  /** Set while the rest of it follows in a later turn. */
  wakeUp: Deadline | undefined;
}

/** The streams that are behind, and which of them wait for which key. */
export class BehindStreams {
  readonly #streams = new Map<StreamId, BehindStream>();
  readonly #waiting = new Map<KeyId, Set<StreamId>>();

  get(id: StreamId): BehindStream | undefined {
    return this.#streams.get(id);
  }

  add(behind: BehindStream): void {
    this.#streams.set(behind.stream.id, behind);
  }

  /** It waits for another key than before, or for none. */
  await(behind: BehindStream, keyId: KeyId | undefined): void {
    const { stream, missingKey } = behind;
    const before = missingKey === undefined ? undefined : this.#waiting.get(missingKey);
    before?.delete(stream.id);
    if (missingKey !== undefined && before?.size === 0) this.#waiting.delete(missingKey);
    behind.missingKey = keyId;
    if (keyId !== undefined) this.#waiting.set(keyId, (this.#waiting.get(keyId) ?? new Set()).add(stream.id));
  }

  /** The stream is behind no more. */
  delete(id: StreamId): void {
    const behind = this.#streams.get(id);
    if (behind === undefined) return;
    behind.wakeUp?.cancel();
    this.await(behind, undefined);
    this.#streams.delete(id);
  }

  waitingFor(keyId: KeyId): readonly StreamId[] {
    return [...(this.#waiting.get(keyId) ?? [])];
  }
}
