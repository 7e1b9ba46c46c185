import type { StoredKey } from '../store/bundle-store.js';
import type { StreamId } from '../bundles/stream.js';

interface KeyUse {
  readonly stream: StreamId;
  /** Lowest seq known to be sealed with it. */
  firstSeq: number;
}

/** Keys whose use is remembered. */
const KEYS_MAX = 262_144;

/**
 * Which topic key opens what, to know when it is needed no longer: a stream's keys follow each other, so one is done with when its
 * successor's first message is at or below the floor.
 */
export class LogKeys {
  readonly #uses = new Map<string, KeyUse>();
  readonly #ofStream = new Map<StreamId, Set<string>>();

  load(keys: Iterable<StoredKey>): void {
    this.#uses.clear();
    this.#ofStream.clear();
    for (const { keyId, stream, firstSeq } of keys) if (stream !== undefined) this.use(keyId, stream, firstSeq);
  }

  useOf(keyId: string): { readonly stream: StreamId; readonly firstSeq: number } | undefined {
    return this.#uses.get(keyId);
  }

  /** A bundle is sealed with the key; true when that is news. */
  use(keyId: string, stream: StreamId, firstSeq: number): boolean {
    const known = this.#uses.get(keyId);
    if (known !== undefined) {
      if (known.stream !== stream || known.firstSeq <= firstSeq) return false;
      known.firstSeq = firstSeq;
      return true;
    }
    if (this.#uses.size >= KEYS_MAX) return false;
    this.#uses.set(keyId, { stream, firstSeq });
    const ofStream = this.#ofStream.get(stream) ?? new Set();
    this.#ofStream.set(stream, ofStream.add(keyId));
    return true;
  }

  /** Forgets and names the keys that open nothing above the floor. */
  takeDone(stream: StreamId, floor: number): readonly string[] {
    const keyIds = this.#ofStream.get(stream);
    if (keyIds === undefined || keyIds.size < 2) return [];
    const firstSeqOf = (keyId: string): number => this.#uses.get(keyId)!.firstSeq;
    const inOrder = [...keyIds].sort((a, b) => firstSeqOf(a) - firstSeqOf(b));
    const done = inOrder.filter((_, at) => {
      const successor = inOrder[at + 1];
      return successor !== undefined && firstSeqOf(successor) <= floor + 1;
    });
    for (const keyId of done) {
      this.#uses.delete(keyId);
      keyIds.delete(keyId);
    }
    return done;
  }

  /** Forgets and names all keys of a stream. */
  takeAll(stream: StreamId): readonly string[] {
    const keyIds = [...(this.#ofStream.get(stream) ?? [])];
    this.#ofStream.delete(stream);
    for (const keyId of keyIds) this.#uses.delete(keyId);
    return keyIds;
  }
}
