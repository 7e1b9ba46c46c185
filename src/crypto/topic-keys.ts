import { createHash } from 'node:crypto';
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, aeadUnwrap, aeadWrap } from './aead.js';

/** First 16 bytes of a hash over the key, as 22 characters of base64url; so a key cannot be passed off under another's id. */
export type KeyId = string;

export const KEY_ID_BYTES = 16;

/** Length of a wrapped topic key: nonce, key, tag. */
export const WRAPPED_KEY_BYTES = AEAD_NONCE_BYTES + AEAD_KEY_BYTES + AEAD_TAG_BYTES;

export const WRAP_NONCE_BYTES = AEAD_NONCE_BYTES;

/** Topics beyond this lose the key used least recently; their next bundle starts a new one. */
export const SEALING_KEYS_MAX = 65_536;

/** A key makes way for a new one before its counter leaves what AES-GCM is safe for. */
const BUNDLES_PER_KEY_MAX = 2 ** 32;

export interface TopicKey {
  readonly keyId: KeyId;
  readonly key: Buffer;
}

/** A key with the place in its nonce sequence that belongs to one bundle alone. */
export interface SealingTurn extends TopicKey {
  readonly counter: number;
}

/** The id that a key has by its own value. */
export function keyIdOf(key: Uint8Array): KeyId {
  const digest = createHash('sha256').update('grapevine key id\0').update(key).digest();
  return digest.subarray(0, KEY_ID_BYTES).toString('base64url');
}

/** The keys that this node seals its own bundles with: random, one per topic and generation, in memory only. */
export class SealingKeys {
  /** In order of last use. */
  readonly #keys = new Map<string, { readonly keyId: KeyId; readonly key: Buffer; counter: number }>();

  constructor(
    private readonly randomBytes: (length: number) => Buffer,
    private readonly keysMax = SEALING_KEYS_MAX,
    private readonly evicted: (topic: string) => void = () => undefined,
  ) {}

  /** Takes the next nonce of the topic's key. It is spent even if the bundle never leaves. */
  next(topic: string): SealingTurn {
    let entry = this.#keys.get(topic);
    if (entry === undefined || entry.counter >= BUNDLES_PER_KEY_MAX) entry = this.#create();
    this.#keys.delete(topic);
    this.#keys.set(topic, entry);
    this.#evict();
    return { keyId: entry.keyId, key: entry.key, counter: entry.counter++ };
  }

  /** The topic's key as it is now, without taking a turn. */
  current(topic: string): TopicKey | undefined {
    return this.#keys.get(topic);
  }

  /** Starts a new generation: the topic's next bundle is sealed with a fresh key. */
  renew(topic: string): void {
    this.#keys.delete(topic);
  }

  /** Starts a new generation of every topic. */
  renewAll(): void {
    this.#keys.clear();
  }

  #create(): { readonly keyId: KeyId; readonly key: Buffer; counter: number } {
    const key = this.randomBytes(AEAD_KEY_BYTES);
    return { keyId: keyIdOf(key), key, counter: 0 };
  }

  #evict(): void {
    if (this.#keys.size <= this.keysMax) return;
    const [oldest] = this.#keys.keys();
    if (oldest === undefined) return;
    this.#keys.delete(oldest);
    this.evicted(oldest);
  }
}

/** A topic key for one reader, under the key that publisher and reader share: 60 bytes. `nonce` is 12 random bytes. */
export function wrapTopicKey(input: {
  readonly pairwise: Uint8Array;
  readonly keyId: KeyId;
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}): Buffer {
  return aeadWrap({ key: input.pairwise, nonce: input.nonce, aad: wrapAad(input.keyId), plaintext: input.key });
}

/** The topic key named `keyId`, or undefined when it was wrapped with another key or is not the key of that id. */
export function unwrapTopicKey(input: {
  readonly pairwise: Uint8Array;
  readonly keyId: KeyId;
  readonly wrapped: Uint8Array;
}): Buffer | undefined {
  if (input.wrapped.length !== WRAPPED_KEY_BYTES) return undefined;
  const key = aeadUnwrap({ key: input.pairwise, aad: wrapAad(input.keyId), wrapped: input.wrapped });
  return key !== undefined && keyIdOf(key) === input.keyId ? key : undefined;
}

function wrapAad(keyId: KeyId): Buffer {
  return Buffer.from(`grapevine topic key 1\0${keyId}`);
}
