import { nowMs, pause } from './clock.adapter.js';

const POLL_MS = 20;

/** No further message for so long means that what is missing is lost. */
const STALLED_MS = 3_000;

/** Resolves when each counter has reached `expected`, or none of them moves any more. */
export async function drained(expected: number, counts: () => Promise<readonly number[]>): Promise<void> {
  let before = -1;
  let progressMs = nowMs();
  for (;;) {
    const now = await counts();
    if (now.every((count) => count >= expected) || nowMs() - progressMs > STALLED_MS) return;
    const total = now.reduce((sum, count) => sum + count, 0);
    if (total !== before) progressMs = nowMs();
    before = total;
    await pause(POLL_MS);
  }
}
