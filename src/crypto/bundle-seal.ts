import { hash, type KeyObject } from 'node:crypto';
import { aeadOpen, aeadSeal, AEAD_TAG_BYTES, counterNonce } from './aead.js';
import { verifySignature, type Sign } from './signature.js';

/** What sealing adds to a bundle's plaintext, in bytes. */
export const BUNDLE_SEAL_BYTES = AEAD_TAG_BYTES;

const DOMAIN = Buffer.from('grapevine bundle 1\0');

/** Encrypts a bundle's content under a topic key with the header as associated data: ciphertext ‖ tag. `counter` never repeats for a key. */
export function sealBundle(input: {
  readonly header: Uint8Array;
  readonly key: Uint8Array;
  readonly counter: number;
  readonly plaintext: Uint8Array;
}): Buffer {
  const { key, header, plaintext } = input;
  return aeadSeal({ key, nonce: counterNonce(0, input.counter), aad: header, plaintext });
}

/** The content of a sealed bundle, or undefined when key, counter, header or ciphertext are not those it was sealed with. */
export function openBundle(input: {
  readonly header: Uint8Array;
  readonly key: Uint8Array;
  readonly counter: number;
  readonly ciphertext: Uint8Array;
}): Buffer | undefined {
  const { key, header, ciphertext } = input;
  return aeadOpen({ key, nonce: counterNonce(0, input.counter), aad: header, sealed: ciphertext });
}

/** The publisher's ES256 signature over header and ciphertext. */
export function signBundle(header: Uint8Array, ciphertext: Uint8Array, sign: Sign): Buffer {
  return sign(signedBytes(header, ciphertext));
}

/** Whether the owner of `publicKey` signed this header with this ciphertext. */
export function verifyBundle(
  header: Uint8Array,
  ciphertext: Uint8Array,
  signature: Uint8Array,
  publicKey: KeyObject,
): boolean {
  return verifySignature(publicKey, signedBytes(header, ciphertext), signature);
}

function signedBytes(header: Uint8Array, ciphertext: Uint8Array): Buffer {
  return Buffer.concat([DOMAIN, header, hash('sha256', ciphertext, 'buffer')]);
}
