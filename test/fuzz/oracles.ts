import { getHeapStatistics } from 'node:v8';

/** Longest that a decoder may be at one frame, unless a target says otherwise. */
export const FRAME_MS_MAX = 5;

/** What a decoder may allocate for a frame, in bytes: an entry of a list takes more room as an object than on the wire. */
export function allocationMax(inputBytes: number): number {
  return 4 * 1024 * 1024 + 256 * inputBytes;
}

/** Other programs and the collector of garbage disturb a measurement, never so many in a row. */
const MEASUREMENTS = 20;

/** What `run` takes when nothing disturbs it, in ms: the first measurement below `msMax`, else the least of many. */
export async function leastMs(run: () => unknown, msMax: number): Promise<number> {
  let least = Infinity;
  for (let left = MEASUREMENTS; left > 0 && least > msMax; left--) {
    const began = performance.now();
    await run();
    least = Math.min(least, performance.now() - began);
  }
  return least;
}

/** Bytes on the heap and of buffers beside it; falls when garbage is collected. */
export function allocated(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

/** Why no decoder may give this value to the cores: numbers that are no whole numbers, text that is no Unicode. */
export function unsoundness(value: unknown, path = 'value'): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? undefined : `${path} is ${value}`;
  if (typeof value === 'string') return value.isWellFormed() ? undefined : `${path} is ill-formed text`;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  if (Object.getPrototypeOf(value) !== Object.prototype && !Array.isArray(value) && !isCollection(value))
    return undefined;
  for (const [key, child] of isCollection(value) ? value.entries() : Object.entries(value)) {
    const problem = unsoundness(child, `${path}.${String(key)}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isCollection(value: object): value is ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> {
  return value instanceof Map || value instanceof Set;
}
