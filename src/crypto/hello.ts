import { createHmac, timingSafeEqual } from 'node:crypto';
import { ByteReader } from '../wire/byte-reader.js';
import { ByteWriter } from '../wire/byte-writer.js';
import { decoded, refused, type Decoded } from '../wire/decoded.js';
import type { ClusterKeys } from './cluster-keys.js';

/**
 * The first message each way, the only thing parsed of a stranger. Fixed size: magic (4), lowest and highest protocol version
 * (1 + 1), nonce (32), ephemeral P-256 point (65, uncompressed), then one MAC (16) per cluster secret that the sender accepts;
 * free places repeat the first, so that the number of secrets does not show.
 */
export interface Hello {
  readonly versions: VersionRange;
  readonly nonce: Buffer;
  readonly ephemeral: Buffer;
  readonly macs: readonly Buffer[];
}

/** Protocol versions that a node speaks, both inclusive. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** Current secret, previous secret, and none at all where an allow-list admits. */
export const HELLO_SECRETS_MAX = 3;

export const HELLO_NONCE_BYTES = 32;
export const EPHEMERAL_BYTES = 65;
const MAGIC = Buffer.from('GRPV');
const MAC_BYTES = 16;
const BODY_BYTES = MAGIC.length + 2 + HELLO_NONCE_BYTES + EPHEMERAL_BYTES;
export const HELLO_BYTES = BODY_BYTES + HELLO_SECRETS_MAX * MAC_BYTES;

/** `answered` is the initiator's hello when the responder speaks, else empty: a recorded answer fits no other hello. */
export function encodeHello(input: {
  readonly versions: VersionRange;
  readonly nonce: Uint8Array;
  readonly ephemeral: Uint8Array;
  readonly keys: readonly ClusterKeys[];
  readonly answered: Uint8Array;
}): Buffer {
  const writer = new ByteWriter(HELLO_BYTES).raw(MAGIC).u8(input.versions.min).u8(input.versions.max);
  writer.raw(input.nonce).raw(input.ephemeral);
  const body = Buffer.from(writer.finish());
  const macs = input.keys.map((keys) => macOf(keys, input.answered, body));
  const [first] = macs;
  if (first === undefined || macs.length > HELLO_SECRETS_MAX)
    throw new RangeError('a hello is made with 1 to 3 secrets');
  while (macs.length < HELLO_SECRETS_MAX) macs.push(first);
  return Buffer.concat([body, ...macs]);
}

export function decodeHello(bytes: Uint8Array): Decoded<Hello> {
  if (bytes.length !== HELLO_BYTES) return refused('hello has the wrong length');
  const reader = new ByteReader(bytes);
  if (!reader.raw(MAGIC.length).equals(MAGIC)) return refused('not a hello');
  const versions = { min: reader.u8(), max: reader.u8() };
  const nonce = reader.raw(HELLO_NONCE_BYTES);
  const ephemeral = reader.raw(EPHEMERAL_BYTES);
  const macs = Array.from({ length: HELLO_SECRETS_MAX }, () => reader.raw(MAC_BYTES));
  if (versions.min > versions.max) return refused('hello has an empty version range');
  return decoded({ versions, nonce, ephemeral, macs });
}

/** The first of our secrets that the hello was made with, or undefined. */
export function secretOfHello(input: {
  readonly hello: Uint8Array;
  readonly macs: readonly Buffer[];
  readonly keys: readonly ClusterKeys[];
  readonly answered: Uint8Array;
}): ClusterKeys | undefined {
  const body = input.hello.subarray(0, BODY_BYTES);
  return input.keys.find((keys) => {
    const expected = macOf(keys, input.answered, body);
    return input.macs.some((mac) => timingSafeEqual(mac, expected));
  });
}

/** The highest version that both speak, or undefined. */
export function commonVersion(ours: VersionRange, theirs: VersionRange): number | undefined {
  const version = Math.min(ours.max, theirs.max);
  return version >= Math.max(ours.min, theirs.min) ? version : undefined;
}

function macOf(keys: ClusterKeys, answered: Uint8Array, body: Uint8Array): Buffer {
  return createHmac('sha256', keys.hello).update(answered).update(body).digest().subarray(0, MAC_BYTES);
}
