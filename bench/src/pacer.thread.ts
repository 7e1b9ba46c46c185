import { parentPort, workerData } from 'node:worker_threads';
import { nowMs } from './clock.adapter.js';
import type { Pace } from './pacer.adapter.js';

/** A sleep that ends later than this was kept from the CPU, and what it delayed counts from when it was due. */
const LATE_MS_MAX = 1;

const { startMs, perSecond, count } = workerData as Pace;
const bell = new Int32Array(new SharedArrayBuffer(4));

for (let seq = 0; seq < count; seq++) {
  const dueMs = startMs + (seq * 1_000) / perSecond;
  // Exact to some 0.1 ms, which timers are not, and without keeping a core busy.
  Atomics.wait(bell, 0, 0, Math.max(0, dueMs - nowMs()));
  const wokeMs = nowMs();
  parentPort?.postMessage(wokeMs - dueMs < LATE_MS_MAX ? wokeMs : dueMs);
}
