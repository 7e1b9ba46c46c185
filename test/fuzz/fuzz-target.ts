import { GrapevineError } from '../../src/runtime/errors.js';
import type { Random } from '../../src/runtime/random.js';

/** One decoder of remote input, and how inputs for it are made. Whatever it reads, it reads from bytes. */
export interface FuzzTarget {
  /** Name of the function or class in `src` that is under test. */
  readonly decoder: string;
  /** Inputs that are accepted, the same at every call; mutants are made of them. */
  corpus(): Promise<readonly Buffer[]> | readonly Buffer[];
  readonly mutate: Mutate;
  /** What stands between the bytes and the decoder and is not measured; undefined ends there. */
  readonly prepare?: (input: Buffer) => unknown;
  /** What was read, or undefined when it was refused. A throw is a failure. */
  decode(input: never): unknown;
  /** Longest input that gets as far as the decoder; mutants are cut there. */
  readonly bytesMax?: number;
  /** Longest that it may take for one input, where that is not the bound for a frame. */
  readonly msMax?: number;
  /** The bytes of a value that was read, where there is an encoder: read again they must say the same. */
  readonly encode?: (value: never) => Buffer;
  /** What of a value must be the same when it is read again; all of it where nothing is said. */
  readonly meaning?: (value: never) => unknown;
  /** Why a value must not have been accepted; by default `unsoundness`. */
  readonly problem?: (value: never) => string | undefined;
}

/** A hostile input made from the corpus; the same for the same state of `random`. */
export type Mutate = (random: Random, corpus: readonly Buffer[]) => Buffer;

/** `decode` for decoders that answer `Decoded<T>`. */
export function valueOf(outcome: { readonly ok: boolean; readonly value?: unknown }): unknown {
  return outcome.ok ? outcome.value : undefined;
}

/** What a reader of requests answers; it says no by throwing an error of the catalogue, and in no other way. */
export function refusing(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof GrapevineError) return undefined;
    throw error;
  }
}
