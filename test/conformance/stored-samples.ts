import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stream } from '../../src/gossip/bundles/stream.js';
import type { BundleStore, HeldExtent, StoredBundle } from '../../src/gossip/store/bundle-store.js';

export const PUBLISHER = 'A'.repeat(43);

const folders: string[] = [];

/** Where a store may be made. */
export async function newFolder(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'grapevine-store-'));
  folders.push(parent);
  return join(parent, 'store');
}

/** Removes what `newFolder` made. */
export async function removeFolders(): Promise<void> {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
}

/** A bundle of `length` bytes that tell its arrival. */
export function bundleOf(
  stream: Stream,
  arrival: number,
  firstSeq: number,
  lastSeq = firstSeq,
  length = 20,
): StoredBundle {
  return { stream, firstSeq, lastSeq, arrival, receivedAtMs: 1_000 + arrival, bytes: Buffer.alloc(length, arrival) };
}

/** What is held of a stream of bundles of 20 bytes. */
export function extentOf(stream: Stream, floor: number, frontier: number): HeldExtent {
  return { stream, floor, frontier, changedAtMs: 1_000 + frontier, bytes: 20 * (frontier - floor) };
}

/** Appends bundles of one message. */
export async function fill(store: BundleStore, stream: Stream, count: number, firstArrival = 1): Promise<void> {
  const writes = Array.from({ length: count }, (_, at) =>
    store.append(bundleOf(stream, firstArrival + at, at + 1), extentOf(stream, 0, at + 1)),
  );
  await Promise.all(writes);
}
