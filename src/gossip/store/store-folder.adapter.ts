/**
 * The folder of a store before its database is opened: its format, and whether the database file is sound. LMDB itself
 * checks nothing, so all of the file is read here, page by page and row by row; a file that LMDB could not be trusted with is
 * set aside as a whole.
 */
import { open as openFile, readdir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { constants, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { flushFolder, replaceFile } from '../../runtime/durable-file.adapter.js';
import { StartError } from '../../runtime/start-error.js';
import { HEAD_BYTES, lmdbHead, lmdbMetas, type LmdbMeta } from './lmdb-head.js';
import { LmdbTree, type PageSource } from './lmdb-tree.js';
import { DAMAGED_ROWS_MAX, StoreAudit } from './store-audit.js';

/** The format that is written; older ones are brought to it at the next start. */
export const FORMAT = 2;
/** Before it rows had no checksums. */
const CHECKSUMS_SINCE = 2;
const FORMAT_FILE = 'format.json';
const DATA_FILE = 'data.mdb';
const LOCK_FILE = 'lock.mdb';
/** As large as the library makes it. */
const LOCK_BYTES = 16 * 1024;
const ROWS_PER_TURN = 2_000;

/** What `format.json` says. */
export interface StoreFormat {
  readonly format: number;
  /** See `BundleStore.id`. */
  readonly id: string;
}

/** What was found of a database file. */
export type Inspection =
  | { readonly state: 'new' }
  | { readonly state: 'damaged'; readonly problem: string }
  | {
      readonly state: 'usable';
      /** Undefined when rows have no checksums yet. */
      readonly audit: StoreAudit | undefined;
      /** Whether it may lack the last transaction, as what described that one is damaged. */
      readonly isReverted: boolean;
    };

/** Undefined when there is none, or a damaged one: the database is asked then. A StartError when it is of a later version. */
export async function readFormat(folder: string): Promise<StoreFormat | undefined> {
  const text = await readFile(join(folder, FORMAT_FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const format = text === undefined ? undefined : parsed(text);
  if (format !== undefined && format.format > FORMAT) {
    throw new StartError(
      `the store in ${folder} has format ${format.format}; this version reads formats up to ${FORMAT}. Use the version that wrote it, or move the folder away to start with an empty store`,
    );
  }
  return format;
}

export async function writeFormat(folder: string, id: string): Promise<void> {
  const fields = { format: FORMAT, id };
  await replaceFile(
    join(folder, FORMAT_FILE),
    `${JSON.stringify({ ...fields, checksum: checksumOf(fields) })}\n`,
    0o600,
  );
}

/** Whatever the database says of itself holds from now on, until the format is written again. */
export async function forgetFormat(folder: string): Promise<void> {
  await rm(join(folder, FORMAT_FILE), { force: true });
  await flushFolder(folder);
}

/** Reads all of the database file. One that is usable can be given to LMDB afterwards. */
export async function inspect(folder: string, format: StoreFormat | undefined): Promise<Inspection> {
  const path = join(folder, DATA_FILE);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.size === 0) {
    if (format === undefined) return { state: 'new' };
    return { state: 'damaged', problem: `${DATA_FILE} is ${found === undefined ? 'missing' : 'empty'}` };
  }
  const file = await openFile(path, 'r+');
  try {
    const head = Buffer.alloc(Math.min(HEAD_BYTES, found.size));
    await file.read(head, 0, head.length, 0);
    return await choose(file, head, { bytes: found.size, hasChecksums: (format?.format ?? FORMAT) >= CHECKSUMS_SINCE });
  } finally {
    await file.close();
  }
}

/**
 * LMDB writes to its lock file through a map, and on a full disk that ends the process unless all of the file has its place
 * on the disk before.
 */
export async function placeLockFile(folder: string): Promise<void> {
  const file = await openFile(join(folder, LOCK_FILE), constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const { size, blocks } = await file.stat();
    if (size >= LOCK_BYTES && blocks * 512 >= size) return;
    await file.write(Buffer.alloc(LOCK_BYTES), 0, LOCK_BYTES, 0);
  } finally {
    await file.close();
  }
}

/** Renames the folder so that the next store starts empty, and removes the one that was set aside before. */
export async function setAside(folder: string, wallMs: number): Promise<string> {
  const parent = dirname(folder);
  const prefix = `${basename(folder)}.damaged-`;
  const earlier = (await readdir(parent)).filter((name) => name.startsWith(prefix));
  const target = join(parent, `${prefix}${new Date(wallMs).toISOString().replaceAll(/[:.]/g, '-')}`);
  await Promise.all(earlier.map((name) => rm(join(parent, name), { recursive: true, force: true })));
  await rename(folder, target);
  await flushFolder(parent);
  return target;
}

function parsed(text: string): StoreFormat | undefined {
  try {
    const { format, id, checksum } = Object(JSON.parse(text)) as { format?: unknown; id?: unknown; checksum?: unknown };
    if (typeof format !== 'number' || typeof id !== 'string') return undefined;
    const isIntact = format < CHECKSUMS_SINCE ? checksum === undefined : checksum === checksumOf({ format, id });
    return isIntact ? { format, id } : undefined;
  } catch {
    return undefined;
  }
}

function checksumOf({ format, id }: StoreFormat): number {
  return crc32(`${format} ${id}`);
}

/** The newest description under which all is sound; else the newest under which LMDB can work at least. */
async function choose(
  file: FileHandle,
  head: Buffer,
  { bytes, hasChecksums }: { bytes: number; hasChecksums: boolean },
): Promise<Inspection> {
  const source: PageSource = { bytes, read: (into, at) => readSync(file.fd, into, 0, into.length, at) === into.length };
  let problem = 'it is not a database file';
  let best: { readonly meta: LmdbMeta; readonly audit: StoreAudit | undefined } | undefined;
  const metas = lmdbMetas(head);
  for (const meta of metas) {
    const tree = new LmdbTree(source, meta);
    const audit = await read(tree, hasChecksums);
    if (tree.problem !== undefined) {
      problem = tree.problem;
      continue;
    }
    best ??= { meta, audit };
    if (audit !== undefined && !audit.isSound) continue;
    best = { meta, audit };
    break;
  }
  const isHopeless = best?.audit !== undefined && best.audit.damagedKeys.length > DAMAGED_ROWS_MAX;
  if (best === undefined || isHopeless) {
    return { state: 'damaged', problem: `${DATA_FILE}: ${isHopeless ? 'too many rows are damaged' : problem}` };
  }
  const { meta, audit } = best;
  const isReverted = meta !== metas[0] || !areInTurn(metas);
  if (isReverted || meta.offset % meta.pageBytes !== 0) {
    // Leaves LMDB no other choice.
    const wanted = lmdbHead(meta);
    await file.write(wanted, 0, wanted.length, 0);
    await file.sync();
  }
  return { state: 'usable', audit, isReverted };
}

/** Whether the two first pages describe transactions that followed each other, as they do unless one of them is damaged. */
function areInTurn(metas: readonly LmdbMeta[]): boolean {
  const [newer, older, ...others] = metas.filter(({ offset, pageBytes }) => offset % pageBytes === 0);
  if (newer === undefined || older === undefined || others.length > 0) return false;
  if (newer.txnId === 0) return older.txnId === 0;
  return newer.txnId - older.txnId === 1 && newer.offset === (newer.txnId % 2) * newer.pageBytes;
}

/** Undefined when rows have no checksums. */
async function read(tree: LmdbTree, hasChecksums: boolean): Promise<StoreAudit | undefined> {
  const audit = new StoreAudit();
  let seen = 0;
  for (const row of tree.rows()) {
    if (hasChecksums && audit.damagedKeys.length <= DAMAGED_ROWS_MAX) audit.see(row);
    if (++seen % ROWS_PER_TURN === 0) await nextTurn();
  }
  return hasChecksums ? audit : undefined;
}
