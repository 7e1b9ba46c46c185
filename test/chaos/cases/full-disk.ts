import { eventually } from '../../e2e/eventually.js';
import { noLoopDisks } from '../../e2e/loop-disk.js';
import { atLeast, exactly, type ChaosCase } from '../case.js';
import { NodeDisk } from '../node-disk.js';

const DISK_MIB = 96;
const BACK_WITHIN_MS = 30_000;
const disk = new NodeDisk('D', DISK_MIB);

/** F9: the disk of one node is full; it says so, is read all the while, and recovers alone. */
export const fullDisk: ChaosCase = {
  id: 'F9',
  title: 'the disk of one node is full, then has room again',
  skip: noLoopDisks,
  world: {
    environmentOf: (name) => disk.environmentOf(name),
  },
  async run(world) {
    const node = world.node('D');
    const { ledger } = world;
    const refusals = (): number => ledger.refused.get('store-full') ?? 0;
    await world.wait(5, 2);
    disk.now.fill(0);
    await world.wait(20, 5);
    const [full, readable] = [refusals(), (await node.get('/messages?topic=chat&limit=1000')).status];
    disk.now.empty();
    const isBack = await eventually(async () => {
      const { status } = await node.post('/publish', { topic: 'news', message: { value: ledger.next(), sentMs: 0 } });
      if (status >= 300) throw new Error(`answered ${status}`);
    }, BACK_WITHIN_MS).then(
      () => 'yes',
      (error: Error) => error.message,
    );
    const agreed = await world.agree();
    const others = [...ledger.refused.keys()].filter((reason) => ['internal', 'store-failing'].includes(reason));
    return {
      'refused with store-full': atLeast(full, 1),
      'taken for another failure': exactly(others.join() || 'none', 'none'),
      'read while full': exactly(readable, 200),
      'takes messages again': exactly(isBack, 'yes'),
      'agreed afterwards': agreed,
    };
  },
};
