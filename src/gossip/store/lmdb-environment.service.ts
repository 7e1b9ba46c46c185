import { randomBytes } from 'node:crypto';
import { makeFolder } from '../../runtime/durable-file.adapter.js';
import type { NodeLogger } from '../../runtime/node-logger.service.js';
import { StartError } from '../../runtime/start-error.js';
import { aboutKey } from './bundle-rows.js';
import { LmdbRows } from './lmdb-rows.adapter.js';
import {
  FORMAT,
  forgetFormat,
  inspect,
  placeLockFile,
  readFormat,
  setAside,
  writeFormat,
  type Inspection,
  type StoreFormat,
} from './store-folder.adapter.js';
import { addChecksums, repair } from './store-repair.service.js';
import type { StoreCounters } from './bundle-store.js';

/** A database that is open, and the store's id. */
export interface Environment {
  readonly rows: LmdbRows;
  readonly id: string;
}

/** What opening a store needs besides its folder. */
export interface OpeningContext {
  readonly logger: Pick<NodeLogger, 'warn' | 'error' | 'info'>;
  readonly counters: { -readonly [K in keyof StoreCounters]: StoreCounters[K] };
  /** Wall clock, in ms since 1970. */
  wallMs(): number;
}

/**
 * Opens the database in `folder`, makes it when there is none; sets aside what is damaged. A StartError when it is of a later
 * format or cannot be opened.
 */
export async function openEnvironment(folder: string, context: OpeningContext): Promise<Environment> {
  try {
    await makeFolder(folder);
    const format = await readFormat(folder);
    const inspection = await inspect(folder, format);
    if (inspection.state !== 'damaged') return await openUsable(folder, format, inspection, context);
    const target = await setAside(folder, context.wallMs());
    context.counters.storesSetAside++;
    context.logger.error('store.set-aside', { reason: inspection.problem, movedTo: target });
    await makeFolder(folder);
    return await openUsable(folder, undefined, { state: 'new' }, context);
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw new StartError(`the store in ${folder} cannot be opened: ${(cause as Error).message}`, { cause });
  }
}

async function openUsable(
  folder: string,
  format: StoreFormat | undefined,
  found: Exclude<Inspection, { state: 'damaged' }>,
  { logger, counters }: OpeningContext,
): Promise<Environment> {
  await placeLockFile(folder);
  const rows = new LmdbRows(folder, (key) => {
    counters.recordsDamaged++;
    logger.error('store.record-damaged', { key: key.toString('base64url') });
  });
  try {
    if (format !== undefined && format.format < FORMAT) {
      await addChecksums(rows);
      logger.info('store.converted', { fromFormat: format.format, toFormat: FORMAT });
    }
    const hit = found.state === 'usable' && found.audit?.isSound === false ? found.audit : undefined;
    const isReverted = found.state === 'usable' && found.isReverted;
    if (hit === undefined && !isReverted) return { rows, id: await identify(rows, folder, format) };
    // The order of arrivals is another one from now on, and so is its name.
    await forgetFormat(folder);
    if (isReverted) {
      counters.recordsDamaged++;
      logger.error('store.last-transaction-lost');
    }
    if (hit !== undefined) {
      counters.recordsDamaged += hit.damagedKeys.length;
      logger.error('store.records-set-aside', await repair(rows, hit));
    }
    return { rows, id: await nameStore(rows, folder) };
  } catch (error) {
    await rows.close();
    throw error;
  }
}

/** The id stands in the database and beside it; one without the other is a start that was cut short. */
async function identify(rows: LmdbRows, folder: string, format: StoreFormat | undefined): Promise<string> {
  const stored = rows.get(aboutKey('id'))?.toString();
  if (stored === undefined) return nameStore(rows, folder);
  if (format !== undefined && format.id !== stored) {
    throw new StartError(
      `the store in ${folder} is made of parts of two stores. Move the folder away to start with an empty store`,
    );
  }
  if (format?.format !== FORMAT) await writeFormat(folder, stored);
  return stored;
}

async function nameStore(rows: LmdbRows, folder: string): Promise<string> {
  const id = randomBytes(6).toString('base64url');
  await rows.commit(() => rows.put(aboutKey('id'), Buffer.from(id)));
  await rows.flush();
  await writeFormat(folder, id);
  return id;
}
