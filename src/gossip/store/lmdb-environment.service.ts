import { randomBytes } from 'node:crypto';
import { mkdir, open as openFile, readFile, rename, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { GrapevineError } from '../../runtime/errors.js';
import { StartError } from '../../runtime/start-error.js';
import { aboutKey } from './bundle-rows.js';
import { lmdbFileProblem, META_BYTES } from './lmdb-file.js';

export type Database = RootDatabase<Buffer, Buffer>;

const FORMAT = 1;
const FORMAT_FILE = 'format.json';
const DATA_FILE = 'data.mdb';
const MAP_FULL = -30_792;
const FREE_BYTES_MIN = 1024 * 1024;

interface FormatFile {
  readonly format: number;
  readonly id: string;
}

/** Opens the database in `folder`, makes it when there is none; a StartError when it is damaged or of another format. */
export async function openEnvironment(folder: string): Promise<{ database: Database; id: string }> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const format = await readFormat(folder);
    await checkFile(folder, format !== undefined);
    // One transaction at a time is ours to make, see LmdbBundleStore; batches by turn would reject promises that nobody holds.
    const database: Database = open({
      path: folder,
      maxDbs: 1,
      keyEncoding: 'binary',
      encoding: 'binary',
      eventTurnBatching: false,
    });
    return { database, id: await identify(database, folder, format) };
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw new StartError(`the store in ${folder} cannot be opened: ${(cause as Error).message}`, { cause });
  }
}

/** What a failed commit means to the caller. */
export async function writeError(cause: unknown, folder: string): Promise<GrapevineError> {
  const reason = await commitErrorOf(cause);
  // LMDB tells of a full disk as an input/output error, so the disk itself is asked.
  const disk = await statfs(folder).catch(() => undefined);
  const isFull = disk !== undefined && disk.bavail * disk.bsize < FREE_BYTES_MIN;
  if (isFull || isSpaceError(reason)) {
    return new GrapevineError('store-full', 'the disk under the data folder is full', { cause: reason });
  }
  return new GrapevineError('internal', `the store could not write: ${(reason as Error).message}`, { cause: reason });
}

function isSpaceError(reason: unknown): boolean {
  const code = (reason as { code?: unknown }).code;
  return code === MAP_FULL || code === 'ENOSPC' || code === 'EDQUOT' || code === 28 || code === 122;
}

/** The database hands the reason over in a promise of its own; it is settled by now, or never. */
async function commitErrorOf(cause: unknown): Promise<unknown> {
  const pending = (cause as { commitError?: Promise<unknown> }).commitError;
  if (pending === undefined) return cause;
  const reason = pending.then(
    () => cause,
    (error: unknown) => error,
  );
  return Promise.race([reason, new Promise((resolve) => setImmediate(resolve, cause))]);
}

async function readFormat(folder: string): Promise<FormatFile | undefined> {
  const text = await readFile(join(folder, FORMAT_FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const format = parsed(text);
  if (format === undefined) throw damaged(folder, `${FORMAT_FILE} is not readable`);
  if (format.format !== FORMAT) {
    throw new StartError(
      `the store in ${folder} has format ${format.format}; this version reads format ${FORMAT} only`,
    );
  }
  return format;
}

function parsed(text: string): FormatFile | undefined {
  try {
    const format = JSON.parse(text) as Partial<FormatFile> | null;
    return typeof format?.format === 'number' && typeof format.id === 'string' ? (format as FormatFile) : undefined;
  } catch {
    return undefined;
  }
}

async function checkFile(folder: string, isExpected: boolean): Promise<void> {
  const path = join(folder, DATA_FILE);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.size === 0) {
    if (isExpected) throw damaged(folder, `${DATA_FILE} is ${found === undefined ? 'missing' : 'empty'}`);
    return;
  }
  const file = await openFile(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(META_BYTES), 0, META_BYTES, 0);
    const problem = lmdbFileProblem(buffer.subarray(0, bytesRead), found.size);
    if (problem !== undefined) throw damaged(folder, `${DATA_FILE}: ${problem}`);
  } finally {
    await file.close();
  }
}

/** The id stands in the database and beside it; one without the other is a start that was cut short, or damage. */
async function identify(database: Database, folder: string, format: FormatFile | undefined): Promise<string> {
  const stored = database.getBinary(aboutKey('id'))?.toString();
  if (format !== undefined && stored === format.id) return stored;
  if (format !== undefined || (stored === undefined && database.getKeysCount({ limit: 1 }) > 0)) {
    await database.close();
    throw damaged(folder, 'its parts do not belong together');
  }
  const id = stored ?? randomBytes(6).toString('base64url');
  await database.put(aboutKey('id'), Buffer.from(id));
  await database.flushed;
  const temporary = join(folder, `${FORMAT_FILE}.new`);
  await writeFile(temporary, `${JSON.stringify({ format: FORMAT, id })}\n`, { mode: 0o600, flush: true });
  await rename(temporary, join(folder, FORMAT_FILE));
  return id;
}

function damaged(folder: string, what: string): StartError {
  return new StartError(
    `the store in ${folder} is damaged: ${what}. Move the folder away to start with an empty store`,
  );
}
