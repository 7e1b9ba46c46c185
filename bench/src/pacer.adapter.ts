import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A schedule that does not wait for anybody. */
export interface Pace {
  readonly startMs: number;
  readonly perSecond: number;
  readonly count: number;
}

/**
 * Calls `due` so often a second with the time that the call was due. A thread of its own keeps the schedule, so that a
 * busy event loop shows as latency instead of as fewer calls.
 */
export async function keepPace(pace: Pace, due: (dueMs: number) => void): Promise<void> {
  const thread = new Worker(new URL('pacer.thread.js', import.meta.url), { workerData: pace });
  thread.on('message', due);
  await once(thread, 'exit');
}
