import type { Profiler } from 'node:inspector';

/** Where code may come from; native is what has no JavaScript. */
export const ORIGINS = ['ours', 'bench', 'libraries', 'Node', 'native', 'garbage collector'] as const;

/** Where a function stands. */
export interface Place {
  readonly origin: (typeof ORIGINS)[number];
  /** Empty where there is none. */
  readonly fileAndLine: string;
}

/** A function as it was called by one chain of others. */
export interface Frame extends Place {
  /** Empty where it has none. */
  readonly name: string;
  readonly selfMs: number;
  /** Of its own and of all that it called. */
  readonly ms: number;
  readonly children: readonly Frame[];
}

export type CallFrame = Profiler.Profile['nodes'][number]['callFrame'];

/** Stand for no function: nothing to do, and what V8 cannot tell of the engine and the system. */
const NOBODY: readonly string[] = ['(idle)', '(program)'];

/** By what Node calls what is due: the same function would hang below several of them. */
const EVENT_LOOP = /^(runMicrotasks |\w* node:(process\/task_queues|timers|async_hooks):)/;

/** What the event loop called, without what belongs to no function. */
export function framesOf(profile: Profiler.Profile, placeOf: (callFrame: CallFrame) => Place): Frame[] {
  const { nodes, samples = [], timeDeltas = [] } = profile;
  const selfMs = new Map<number, number>();
  for (const [index, id] of samples.entries()) {
    // A sample stands for the time until the next one.
    selfMs.set(id, (selfMs.get(id) ?? 0) + (timeDeltas[index + 1] ?? 0) / 1_000);
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const frameOf = (id: number): Frame[] => {
    const node = byId.get(id);
    if (node === undefined || NOBODY.includes(node.callFrame.functionName)) return [];
    const children = node.children?.flatMap(frameOf) ?? [];
    const self = selfMs.get(id) ?? 0;
    const name = node.callFrame.functionName;
    return [{ name, ...placeOf(node.callFrame), selfMs: self, ms: self + sumOf(children), children }];
  };
  return calledByLoop(nodes[0]?.children?.flatMap(frameOf) ?? []);
}

/** A function's name and place. */
export function nameOf({ name, fileAndLine }: Pick<Frame, 'name' | 'fileAndLine'>): string {
  return `${name} ${fileAndLine}`;
}

/** What the event loop called, by whatever way; of the ways only their own time. */
function calledByLoop(frames: readonly Frame[]): Frame[] {
  return merged(
    frames.flatMap((frame) =>
      EVENT_LOOP.test(nameOf(frame))
        ? [{ ...frame, ms: frame.selfMs, children: [] }, ...calledByLoop(frame.children)]
        : [frame],
    ),
  );
}

/** Each function once. */
function merged(frames: readonly Frame[]): Frame[] {
  const byName = new Map<string, Frame>();
  for (const frame of frames) {
    const same = byName.get(nameOf(frame));
    const sum = same && { ms: same.ms + frame.ms, selfMs: same.selfMs + frame.selfMs };
    const children = same && merged([...same.children, ...frame.children]);
    byName.set(nameOf(frame), { ...frame, ...sum, ...(children && { children }) });
  }
  return [...byName.values()];
}

/** Time of all of them, with what they called. */
export function sumOf(frames: readonly Frame[]): number {
  return frames.reduce((sum, { ms }) => sum + ms, 0);
}

/** Time in each alone, whoever called it, under what `keyOf` tells; greatest first. */
export function selfTimes(frames: readonly Frame[], keyOf: (frame: Frame) => string): [string, number][] {
  const sums = new Map<string, number>();
  const add = (frame: Frame): void => {
    const key = keyOf(frame);
    sums.set(key, (sums.get(key) ?? 0) + frame.selfMs);
    frame.children.forEach(add);
  };
  frames.forEach(add);
  return [...sums].sort(([, a], [, b]) => b - a);
}
