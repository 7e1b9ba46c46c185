import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, NodeProcess } from '../../e2e/node-process.js';
import { exactly, type ChaosCase } from '../case.js';
import { verdictOf } from '../invariants.js';

const REFUSED_WITHIN_MS = 60_000;

/** F12, third part: a second node of a name that a living node has and answers for. */
export const nameClash: ChaosCase = {
  id: 'F12c',
  title: 'two nodes with one name',
  async run(world) {
    await world.wait(3, 1);
    const [port = 0] = await freePorts(1);
    const first = world.node('D');
    const second = NodeProcess.launch({
      ...first.environment,
      PORT: String(port),
      ADVERTISE_URL: `http://127.0.0.1:${port}`,
      DATA_DIR: join(world.cluster.folder, 'second'),
    });
    const code = await Promise.race([second.exited, sleep(REFUSED_WITHIN_MS, 'still running')]);
    second.signal('SIGKILL');
    const complaint = second.complaints.trim();
    await world.wait(3, 1);
    return {
      'exit code of the second': exactly(code, 1),
      'says why': verdictOf(/the name D is taken/.test(complaint) ? [] : [complaint || 'nothing'], complaint),
      'taken for dead': exactly(world.watch.deaths().length, 0),
    };
  },
};
