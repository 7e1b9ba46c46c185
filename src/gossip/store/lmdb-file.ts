/**
 * A look at the file before LMDB maps it: a file that is not one of its own, or shorter than it says, ends the process when
 * it is mapped and read. Fields of a meta page as 64-bit LMDB of format 2 writes them, in the machine's byte order.
 */

/** The part of the file that holds both meta pages, whatever the page size. */
export const META_BYTES = 2 * 64 * 1024;

const MAGIC = 0xbeefc0de;
const META = { magic: 24, pageBytes: 48, lastPage: 144, bytes: 160 } as const;

/** Why the file cannot be opened, or undefined when it looks sound. `head` is its start, up to META_BYTES. */
export function lmdbFileProblem(head: Buffer, fileBytes: number): string | undefined {
  if (head.length < META.bytes) return 'it is too short';
  if (head.readUInt32LE(META.magic) !== MAGIC) return 'it is not a database file';
  const pageBytes = head.readUInt32LE(META.pageBytes);
  if (pageBytes < 512 || pageBytes > META_BYTES / 2 || head.length < pageBytes + META.bytes) return 'it is too short';
  if (head.readUInt32LE(pageBytes + META.magic) !== MAGIC) return 'its second page is not what it should be';
  // The newer of the two may describe pages that a power loss took; LMDB then goes back to the older.
  const lastPages = [0, pageBytes].map((at) => Number(head.readBigUInt64LE(at + META.lastPage)));
  if (fileBytes < (Math.min(...lastPages) + 1) * pageBytes) return 'its end is missing';
  return undefined;
}
