/** What a part of the product is replaced by in a build for the bench alone: exact text of a compiled file, so that it cannot rot unseen. */
export interface Replacement {
  /** Below the folder of the compiled product. */
  readonly file: string;
  readonly text: string;
  readonly by: string;
}

const SEAL = 'crypto/bundle-seal.js';
const LINK = 'crypto/link-cipher.js';

/** What can be left out to see what it costs. */
export const PARTS = {
  signatures: [
    { file: SEAL, text: 'return sign(signedBytes(header, ciphertext));', by: 'return Buffer.alloc(64);' },
    {
      file: SEAL,
      text: 'return verifySignature(publicKey, signedBytes(header, ciphertext), signature);',
      by: 'return true;',
    },
  ],
  'end-to-end encryption': [
    {
      file: SEAL,
      text: 'return aeadSeal({ key, nonce: counterNonce(0, input.counter), aad: header, plaintext });',
      by: 'return Buffer.concat([plaintext, Buffer.alloc(16)]);',
    },
    {
      file: SEAL,
      text: 'return aeadOpen({ key, nonce: counterNonce(0, input.counter), aad: header, sealed: ciphertext });',
      by: 'return ciphertext.subarray(0, ciphertext.length - 16);',
    },
  ],
  'link encryption': [
    {
      file: LINK,
      text: 'const sealed = aeadSeal({ key: this.#key, nonce: this.#nonce(), plaintext });',
      by: 'const sealed = Buffer.concat([plaintext, Buffer.alloc(16)]);',
    },
    {
      file: LINK,
      text: 'const plaintext = aeadOpen({ key: this.#key, nonce: this.#nonce(), sealed });',
      by: 'const plaintext = sealed.subarray(0, sealed.length - 16);',
    },
  ],
} as const satisfies Record<string, readonly Replacement[]>;

export type Part = keyof typeof PARTS;

/** The source of a compiled file without the parts; throws when a text to replace is not there. */
export function without(parts: readonly Part[], path: string, source: string): string {
  const replacements: readonly Replacement[] = parts.flatMap((part) => [...PARTS[part]]);
  return replacements
    .filter(({ file }) => path.endsWith(`/dist/${file}`))
    .reduce((changed, { file, text, by }) => {
      if (!changed.includes(text)) throw new Error(`${file} has no "${text}"`);
      return changed.replace(text, by);
    }, source);
}
