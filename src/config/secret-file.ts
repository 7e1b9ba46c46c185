import { decoded, refused, type Decoded } from '../wire/decoded.js';

/** A shorter secret could be guessed by who has recorded a handshake. */
export const SECRET_CHARACTERS_MIN = 32;
/** Largest file with secrets that is read, in bytes. */
export const SECRET_FILE_BYTES_MAX = 16 * 1024;

/** The secrets in a file: the current one in the first line, and in a second one that which it replaces, as long as that is accepted. */
export function decodeSecretFile(text: string): Decoded<{ readonly current: string; readonly previous?: string }> {
  const [current, previous, ...rest] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (current === undefined) return refused('it is empty');
  if (rest.length > 0) return refused('it has more than two lines: the current secret and the one before');
  const isShort = [current, previous ?? current].some((secret) => secret.length < SECRET_CHARACTERS_MIN);
  if (isShort) return refused(`a secret must be at least ${SECRET_CHARACTERS_MIN} characters long`);
  return decoded(previous === undefined ? { current } : { current, previous });
}
