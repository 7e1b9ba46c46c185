import { createCipheriv, createDecipheriv } from 'node:crypto';

export const AEAD_KEY_BYTES = 32;
export const AEAD_NONCE_BYTES = 12;
export const AEAD_TAG_BYTES = 16;

/** AES-256-GCM: ciphertext ‖ tag. A nonce must never come twice under one key. */
export function aeadSeal(input: {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad?: Uint8Array;
  readonly plaintext: Uint8Array;
}): Buffer {
  const cipher = createCipheriv('aes-256-gcm', input.key, input.nonce, { authTagLength: AEAD_TAG_BYTES });
  if (input.aad !== undefined) cipher.setAAD(input.aad);
  const ciphertext = cipher.update(input.plaintext);
  cipher.final();
  return Buffer.concat([ciphertext, cipher.getAuthTag()], ciphertext.length + AEAD_TAG_BYTES);
}

/** The plaintext of what `aeadSeal` made with the same key, nonce and associated data, else undefined; a key from afar may have any length. */
export function aeadOpen(input: {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad?: Uint8Array;
  readonly sealed: Uint8Array;
}): Buffer | undefined {
  const length = input.sealed.length - AEAD_TAG_BYTES;
  if (length < 0 || input.key.length !== AEAD_KEY_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', input.key, input.nonce, { authTagLength: AEAD_TAG_BYTES });
  if (input.aad !== undefined) decipher.setAAD(input.aad);
  decipher.setAuthTag(input.sealed.subarray(length));
  const plaintext = decipher.update(input.sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plaintext;
}

/** The 96-bit nonce of a counting sender: 4 bytes of prefix, 8 bytes of counter. */
export function counterNonce(prefix: number, counter: number): Buffer {
  const nonce = Buffer.allocUnsafe(AEAD_NONCE_BYTES);
  nonce.writeUInt32BE(prefix, 0);
  nonce.writeUInt32BE(Math.floor(counter / 2 ** 32), 4);
  nonce.writeUInt32BE(counter % 2 ** 32, 8);
  return nonce;
}

/** Seals under a fresh random nonce that travels in front: nonce ‖ ciphertext ‖ tag. */
export function aeadWrap(input: {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
  readonly plaintext: Uint8Array;
}): Buffer {
  return Buffer.concat([input.nonce, aeadSeal(input)]);
}

/** Opens what `aeadWrap` made, else undefined. */
export function aeadUnwrap(input: {
  readonly key: Uint8Array;
  readonly aad: Uint8Array;
  readonly wrapped: Uint8Array;
}): Buffer | undefined {
  if (input.wrapped.length < AEAD_NONCE_BYTES + AEAD_TAG_BYTES) return undefined;
  const nonce = input.wrapped.subarray(0, AEAD_NONCE_BYTES);
  return aeadOpen({ key: input.key, nonce, aad: input.aad, sealed: input.wrapped.subarray(AEAD_NONCE_BYTES) });
}
