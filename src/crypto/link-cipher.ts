import { hkdfSync } from 'node:crypto';
import { AEAD_KEY_BYTES, AEAD_TAG_BYTES, aeadOpen, aeadSeal, counterNonce } from './aead.js';

/** What `seal` adds to a plaintext, in bytes. */
export const LINK_SEAL_BYTES = AEAD_TAG_BYTES;

/** A key is replaced once it sealed this much: far below the limits of AES-GCM, rare enough to cost nothing. */
export const REKEY_AFTER = { frames: 2 ** 20, bytes: 64 * 2 ** 30 } as const;

/**
 * One direction of a link: AES-256-GCM with an implicit nonce (key generation and frame counter), so that a frame that was
 * changed, repeated, dropped or moved does not open. Both ends count the same frames and bytes and so change keys in step.
 */
export class LinkCipher {
  #key: Buffer;
  #generation = 0;
  #frames = 0;
  #bytes = 0;
  #isBroken = false;

  constructor(
    key: Uint8Array,
    private readonly rekeyAfter: { readonly frames: number; readonly bytes: number } = REKEY_AFTER,
  ) {
    this.#key = Buffer.from(key);
  }

  /** The sealed bytes of the next frame; the nonce is not sent. */
  seal(plaintext: Uint8Array): Buffer {
    const sealed = aeadSeal({ key: this.#key, nonce: this.#nonce(), plaintext });
    this.#count(plaintext.length);
    return sealed;
  }

  /** The next frame's plaintext, or undefined when it is not that; afterwards nothing opens any more. */
  open(sealed: Uint8Array): Buffer | undefined {
    if (this.#isBroken) return undefined;
    const plaintext = aeadOpen({ key: this.#key, nonce: this.#nonce(), sealed });
    if (plaintext === undefined) this.#isBroken = true;
    else this.#count(plaintext.length);
    return plaintext;
  }

  #nonce(): Buffer {
    return counterNonce(this.#generation, this.#frames);
  }

  #count(bytes: number): void {
    this.#frames++;
    this.#bytes += bytes;
    if (this.#frames < this.rekeyAfter.frames && this.#bytes < this.rekeyAfter.bytes) return;
    this.#key = Buffer.from(hkdfSync('sha256', this.#key, '', 'grapevine link next key 1', AEAD_KEY_BYTES));
    this.#generation++;
    this.#frames = 0;
    this.#bytes = 0;
  }
}
