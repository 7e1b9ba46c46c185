import { streamOf } from '../../src/gossip/bundles/stream.js';
import { lmdbStore } from './lmdb-store.js';

// Arguments: the store's folder, its durability. A line per bundle that is committed.
const [folder = '', durability] = process.argv.slice(2);
const store = lmdbStore(folder, durability === 'fsync' ? 'fsync' : 'async');
await store.open();
const stream = streamOf('chat', 'A'.repeat(43), 5);
for (let seq = (store.extents()[0]?.frontier ?? 0) + 1; ; seq++) {
  const place = { stream, firstSeq: seq, lastSeq: seq, arrival: store.lastArrival() + 1, receivedAtMs: seq };
  const extent = { stream, floor: 0, frontier: seq, changedAtMs: seq, bytes: 0 };
  const written = store.append({ ...place, bytes: Buffer.alloc(500, seq % 251) }, extent);
  void written.then(() => process.stdout.write(`${seq}\n`));
  if (seq % 7 === 0) await written;
}
