/** A topic key at rest: 32 bytes of key, then the topic that it belongs to, so that it is granted only to who may read that topic. */
export interface KnownTopicKey {
  readonly topic: string;
  readonly key: Buffer;
}

const KEY_BYTES = 32;

export function encodeTopicKey(known: KnownTopicKey): Buffer {
  return Buffer.concat([known.key, Buffer.from(known.topic, 'utf8')]);
}

export function decodeTopicKey(bytes: Buffer): KnownTopicKey | undefined {
  if (bytes.length <= KEY_BYTES) return undefined;
  return { key: bytes.subarray(0, KEY_BYTES), topic: bytes.toString('utf8', KEY_BYTES) };
}
