import { profilerCalls } from './profile/profiler.adapter.js';

/** What a worker process can be asked; arguments and results must survive JSON. */
// The narrowest signature that every method is assignable to.
export type Calls = Record<string, (...parameters: never[]) => unknown>;

export interface Call {
  readonly id: number;
  readonly method: string;
  readonly parameters: readonly unknown[];
}

export type Answer =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string };

/** Answers the parent's calls until it is gone, then ends this process. */
export function answerCalls(calls: Calls): void {
  process.on('disconnect', () => process.exit());
  process.on('message', (call: Call) => void answer({ ...profilerCalls, ...calls }, call));
}

async function answer(calls: Calls, { id, method, parameters }: Call): Promise<void> {
  process.send?.(
    await resultOf(calls, method, parameters).then(
      (result): Answer => ({ id, result }),
      (error: unknown): Answer => ({
        id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
    ),
  );
}

async function resultOf(calls: Calls, method: string, parameters: readonly unknown[]): Promise<unknown> {
  const call = calls[method];
  if (call === undefined) throw new Error(`There is no call ${method}.`);
  return call(...(parameters as never[]));
}
