import { isDeepStrictEqual } from 'node:util';
import { Random } from '../../src/runtime/random.js';
import type { FuzzTarget } from './fuzz-target.js';
import { allocated, allocationMax, FRAME_MS_MAX, leastMs, unsoundness } from './oracles.js';

/** Frames of a seed are apart by this, so that each can be made alone. */
const FRAMES_MAX = 2 ** 32;
/** Reading the heap's size costs more than most decoders. */
const ALLOCATION_EVERY = 64;

/** What became of so many frames. */
export interface FuzzReport {
  readonly decoder: string;
  readonly frames: number;
  readonly accepted: number;
  /** Accepted and written again byte for byte as they came. */
  readonly canonical: number;
  readonly framesPerSecond: number;
  readonly slowestMs: number;
  readonly failure?: FuzzFailure;
}

/** A frame for which something did not hold. */
export interface FuzzFailure {
  readonly frame: number;
  readonly hex: string;
  readonly reason: string;
}

/** The mutants of one seed, each by its number. */
export class Frames {
  private constructor(
    private readonly target: FuzzTarget,
    private readonly seed: number,
    readonly corpus: readonly Buffer[],
  ) {}

  static async of(target: FuzzTarget, seed: number): Promise<Frames> {
    return new Frames(target, seed, await target.corpus());
  }

  at(frame: number): Buffer {
    const mutant = this.target.mutate(new Random(this.seed * FRAMES_MAX + frame), this.corpus);
    return mutant.subarray(0, this.target.bytesMax);
  }
}

/** Tries `count` mutants of a seed from `first` on, and ends at the first for which an oracle does not hold. */
export async function fuzz(
  target: FuzzTarget,
  { seed, count, first = 0 }: { readonly seed: number; readonly count: number; readonly first?: number },
): Promise<FuzzReport> {
  const frames = await Frames.of(target, seed);
  const seen = { accepted: 0, canonical: 0, slowestMs: 0 };
  const began = performance.now();
  let frame = first;
  let failure: FuzzFailure | undefined;
  for (; frame < first + count && failure === undefined; frame++) {
    const input = frames.at(frame);
    const reason = await tryFrame(target, input, seen, frame % ALLOCATION_EVERY === 0);
    if (reason !== undefined) failure = { frame, reason, hex: input.toString('hex') };
  }
  const tried = frame - first;
  const framesPerSecond = Math.round((tried * 1_000) / (performance.now() - began));
  const report = { decoder: target.decoder, frames: tried, ...seen, framesPerSecond };
  return failure === undefined ? report : { ...report, failure };
}

interface Seen {
  accepted: number;
  canonical: number;
  slowestMs: number;
}

/** Why a frame failed, or undefined. */
async function tryFrame(
  target: FuzzTarget,
  input: Buffer,
  seen: Seen,
  isWeighed: boolean,
): Promise<string | undefined> {
  const prepared = target.prepare === undefined ? input : target.prepare(input);
  if (prepared === undefined) return undefined;
  const decode = (): unknown => target.decode(prepared as never);
  const before = isWeighed ? allocated() : Infinity;
  const began = performance.now();
  let value: unknown;
  try {
    const outcome = decode();
    value = outcome instanceof Promise ? await outcome : outcome;
  } catch (error) {
    return `threw ${String((error as Error).stack)}`;
  }
  const ms = performance.now() - began;
  const cost = { ms, bytes: isWeighed ? allocated() - before : 0 };
  const excess = await excessOf({ decode, cost, inputBytes: input.length, msMax: target.msMax ?? FRAME_MS_MAX }, seen);
  if (excess !== undefined || value === undefined) return excess;
  seen.accepted++;
  const problem = (target.problem ?? unsoundness)(value as never);
  if (problem !== undefined) return `accepted although ${problem}`;
  return target.encode === undefined ? undefined : readAgain(target, target.encode(value as never), input, value, seen);
}

/** Why a frame was too expensive; what looks too slow is measured again. */
async function excessOf(
  {
    decode,
    cost,
    inputBytes,
    msMax,
  }: {
    readonly decode: () => unknown;
    readonly cost: { readonly ms: number; readonly bytes: number };
    readonly inputBytes: number;
    readonly msMax: number;
  },
  seen: Seen,
): Promise<string | undefined> {
  if (cost.ms > seen.slowestMs) {
    seen.slowestMs = Math.max(seen.slowestMs, cost.ms > msMax ? await leastMs(decode, msMax) : cost.ms);
    if (seen.slowestMs > msMax) return `took ${seen.slowestMs.toFixed(1)} ms`;
  }
  // A collection of garbage can only make it look less.
  return cost.bytes > allocationMax(inputBytes) ? `allocated ${cost.bytes} bytes for ${inputBytes}` : undefined;
}

/** What was accepted is written as it came, or differently with the same meaning. */
async function readAgain(
  target: FuzzTarget,
  written: Buffer,
  input: Buffer,
  value: unknown,
  seen: Seen,
): Promise<string | undefined> {
  if (written.equals(input)) {
    seen.canonical++;
    return undefined;
  }
  const again: unknown = await target.decode((target.prepare?.(written) ?? written) as never);
  if (again === undefined) return `wrote ${written.toString('hex')}, which is refused`;
  const meaning = target.meaning ?? ((whole: unknown) => whole);
  return isDeepStrictEqual(meaning(again as never), meaning(value as never))
    ? undefined
    : `wrote ${written.toString('hex')}, which says something else`;
}
