/**
 * The head of an LMDB file, read and written without LMDB: a database that is damaged ends the process when it is
 * mapped, so it is looked at first. Fields as the 64-bit little-endian builds of the library write them, format 2: two
 * pages describe the database as the last two transactions left it; older versions of this program had a third
 * description in the middle of the first page.
 */

/** A B+tree as a meta page describes it. */
export interface LmdbRoot {
  readonly depth: number;
  readonly entries: number;
  /** Undefined when the tree is empty. */
  readonly page: number | undefined;
}

/** One description of the database: a root that a transaction left. */
export interface LmdbMeta {
  /** Where its page begins; within one for a description that older versions left. */
  readonly offset: number;
  readonly pageBytes: number;
  readonly txnId: number;
  readonly lastPage: number;
  readonly free: LmdbRoot;
  readonly main: LmdbRoot;
  /** The description as it stands in the file. */
  readonly bytes: Buffer;
}

/** The part of the file that holds all descriptions, whatever the page size. */
export const HEAD_BYTES = 2 * 64 * 1024;
export const PAGE_HEADER_BYTES = 24;
export const PAGE_FLAG = { branch: 0x01, leaf: 0x02, overflow: 0x04, meta: 0x08 } as const;

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const PAGE_BYTES = [4_096, 8_192, 16_384, 32_768, 65_536];
const META_BYTES = 144;
/** Offsets within a description. */
const AT = { magic: 0, version: 4, address: 8, free: 24, main: 72, lastPage: 120, txnId: 128, bootId: 136 } as const;
const ROOT_AT = { pad: 0, flags: 4, depth: 6, entries: 32, page: 40 } as const;
const FREE_FLAGS = 0x08;
/** Says that a transaction was not flushed when it was described; never set by this version. */
const UNFLUSHED = 0x1000;
const DEPTH_MAX = 32;
const NO_PAGE = 0xffffffff;

/** A number of eight bytes; NaN when it is too large to be one. */
export function u64(bytes: Buffer, at: number): number {
  const value = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** All readable descriptions in the head of a file, the newest first. */
export function lmdbMetas(head: Buffer): readonly LmdbMeta[] {
  const metas = PAGE_BYTES.flatMap((pageBytes) => [
    metaAt(head, 0, pageBytes),
    metaAt(head, pageBytes / 2, pageBytes, 'within page'),
    metaAt(head, pageBytes, pageBytes),
  ]);
  return metas.filter((meta) => meta !== undefined).sort((a, b) => b.txnId - a.txnId);
}

/** Both first pages of a file whose one and only description is `meta`. */
export function lmdbHead(meta: LmdbMeta): Buffer {
  const head = Buffer.alloc(2 * meta.pageBytes);
  for (const page of [0, 1]) {
    // The library looks for a transaction's description at the page that its number tells.
    const txnId = meta.txnId % 2 === page ? meta.txnId : meta.txnId - 1;
    const at = page * meta.pageBytes;
    head.writeUInt32LE(page, at);
    head.writeUInt16LE(PAGE_FLAG.meta, at + 18);
    const copy = head.subarray(at + PAGE_HEADER_BYTES, at + PAGE_HEADER_BYTES + META_BYTES);
    meta.bytes.copy(copy);
    copy.writeUInt32LE(MAGIC, AT.magic);
    copy.writeUInt32LE(DATA_VERSION, AT.version);
    copy.fill(0, AT.address, AT.address + 8);
    copy.writeUInt16LE(FREE_FLAGS, AT.free + ROOT_AT.flags);
    copy.writeBigUInt64LE(BigInt(Math.max(0, txnId)), AT.txnId);
    copy.fill(0, AT.bootId);
  }
  return head;
}

function metaAt(
  head: Buffer,
  at: number,
  pageBytes: number,
  place: 'page' | 'within page' = 'page',
): LmdbMeta | undefined {
  const start = at + PAGE_HEADER_BYTES;
  if (head.length < start + META_BYTES) return undefined;
  const bytes = head.subarray(start, start + META_BYTES);
  if (place === 'page' && bytes.readUInt32LE(AT.magic) !== MAGIC) return undefined;
  const isOurs =
    bytes.readUInt32LE(AT.version) === (place === 'page' ? DATA_VERSION : 0) &&
    bytes.readUInt32LE(AT.free + ROOT_AT.pad) === pageBytes &&
    (bytes.readUInt16LE(AT.free + ROOT_AT.flags) & ~UNFLUSHED) === FREE_FLAGS &&
    bytes.readUInt16LE(AT.main + ROOT_AT.flags) === 0;
  const free = rootAt(bytes, AT.free);
  const main = rootAt(bytes, AT.main);
  const lastPage = u64(bytes, AT.lastPage);
  const txnId = u64(bytes, AT.txnId);
  if (!isOurs || free === undefined || main === undefined || !(lastPage >= 1) || !(txnId >= 0)) return undefined;
  return { offset: at, pageBytes, txnId, lastPage, free, main, bytes: Buffer.from(bytes) };
}

function rootAt(bytes: Buffer, at: number): LmdbRoot | undefined {
  const depth = bytes.readUInt16LE(at + ROOT_AT.depth);
  const entries = u64(bytes, at + ROOT_AT.entries);
  const low = bytes.readUInt32LE(at + ROOT_AT.page);
  const high = bytes.readUInt32LE(at + ROOT_AT.page + 4);
  if (low === NO_PAGE && high === NO_PAGE) {
    return depth === 0 && entries === 0 ? { depth, entries, page: undefined } : undefined;
  }
  const page = low + high * 2 ** 32;
  if (depth < 1 || depth > DEPTH_MAX || !(entries > 0) || !Number.isSafeInteger(page)) return undefined;
  return { depth, entries, page };
}
