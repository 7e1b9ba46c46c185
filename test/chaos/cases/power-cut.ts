import { join } from 'node:path';
import { lmdbStore } from '../../conformance/lmdb-store.js';
import { noLoopDisks } from '../../e2e/loop-disk.js';
import { atLeast, exactly, type ChaosCase } from '../case.js';
import { NodeDisk } from '../node-disk.js';

const DISK_MIB = 256;
const disk = new NodeDisk('D', DISK_MIB);

/** F11: the power of one node fails; what it acknowledged is on its disk. */
export const powerCut: ChaosCase = {
  id: 'F11',
  title: 'the power of one node with DURABILITY=fsync is cut',
  skip: noLoopDisks,
  world: {
    environmentOf: (name) => disk.environmentOf(name, { DURABILITY: 'fsync' }),
  },
  async run(world) {
    await world.wait(10, 4);
    const { epoch } = (await world.node('D').status()).node;
    await world.crash('D');
    disk.cutPower();
    // Looked at before the node starts: afterwards it has from others what it lost.
    const store = lmdbStore(join(disk.now.path, 'store'), 'fsync');
    await store.open();
    const { recordsDamaged, storesSetAside } = store.counters;
    const extents = new Map(store.extents().map((extent) => [extent.stream.id, extent]));
    await store.close();
    const acknowledged = world.ledger.accepted.filter(({ node }) => node === 'D');
    const lost = acknowledged.filter(({ stream, seq }) => seq > (extents.get(stream)?.frontier ?? 0)).length;
    const node = await world.restart('D', { DATA_DIR: disk.now.path });
    const now = (await node.status()).node.epoch;
    return {
      'acknowledged by the node': atLeast(acknowledged.length, 1),
      'of these lost': exactly(lost, 0),
      'damage found': exactly(recordsDamaged + storesSetAside, 0),
      'epoch is a later one': exactly(now > epoch ? 'yes' : 'no', 'yes'),
      'agreed afterwards': await world.agree(),
    };
  },
};
