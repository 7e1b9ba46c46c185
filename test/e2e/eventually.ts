import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 25;

/** Tries until the attempt does not throw, and returns its value; after `timeoutMs` its last error is thrown. */
export async function eventually<T>(attempt: () => T | Promise<T>, timeoutMs = 10_000): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await sleep(POLL_MS);
    }
  }
}
