import type { Gap, Message } from '../gossip/bundles/message.js';
import type { StreamId } from '../gossip/bundles/stream.js';
import type { Cursor } from './cursor.js';
import { Progress } from './progress.js';
import type { Sink } from './subscriber.js';

const FIRST_PAUSE_MS = 100;
const PAUSE_MS_MAX = 10_000;

/** What a runner needs of the node around it. */
export interface RunnerWorld {
  /** Resolves after about so long, or false at once when the node drains. */
  pause(ms: number): Promise<boolean>;
  /** The handler has room again. */
  more(): void;
  /** The handler is done with another message, or lost some, or some were passed over. */
  moved(): void;
}

/** A handler, and what is done about what it cannot handle. */
export interface HandlerOptions {
  readonly handler: (message: Message) => unknown;
  /** A handler that fails is tried so often. */
  readonly attempts: number;
  readonly onError: (error: unknown, message: Message) => void;
  readonly onGap: (gap: Gap) => void;
}

/**
 * Runs a handler, one message after the other. One that fails is tried again after growing pauses and then given up; one that was
 * not done when the node stopped counts as not delivered.
 */
export class HandlerRunner implements Sink {
  #progress = new Progress();
  #sinceMs = 0;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(
    private readonly options: HandlerOptions,
    private readonly world: RunnerWorld,
  ) {}

  /** Where the handler starts. */
  startAt({ sinceMs, streams }: Cursor): void {
    this.#sinceMs = sinceMs;
    this.#progress = new Progress(streams);
  }

  /** What the handler is done with. */
  cursor(): Cursor {
    return { sinceMs: this.#sinceMs, streams: new Map(this.#progress) };
  }

  deliver(messages: readonly Message[]): boolean {
    // There is a turn of this loop for every message and handler.
    for (let index = 0; index < messages.length; index++) {
      if (this.#isStopped) return false;
      const message = messages[index]!;
      const outcome = this.#attempt(message);
      if (isPromise(outcome)) {
        this.#running = this.#goOn(outcome, messages, index);
        return false;
      }
      this.#done(message);
    }
    return true;
  }

  gap(gap: Gap): void {
    this.options.onGap(gap);
    this.#progress.advance(gap.stream.id, gap.to);
    this.world.moved();
  }

  passed(stream: StreamId, seq: number): void {
    this.#progress.advance(stream, seq);
    this.world.moved();
  }

  /** Never happens to a handler, which reads on from the log instead. */
  cut(): void {
    this.#isStopped = true;
  }

  /** Begins no further message; resolves when the current one is done or was given up. */
  stop(): Promise<void> {
    this.#isStopped = true;
    return this.#running;
  }

  async #goOn(first: PromiseLike<unknown>, messages: readonly Message[], from: number): Promise<void> {
    let outcome: unknown = first;
    for (const message of messages.slice(from)) {
      if (!(await this.#finish(message, outcome ?? this.#attempt(message)))) return;
      outcome = undefined;
      this.#done(message);
      if (this.#isStopped) return;
    }
    this.world.more();
  }

  /** False when the node stopped before the message was done. */
  async #finish(message: Message, first: unknown): Promise<boolean> {
    let outcome = first;
    for (let attempt = 1; ; attempt++) {
      try {
        await outcome;
        return true;
      } catch (error) {
        if (attempt >= this.options.attempts) {
          this.options.onError(error, message);
          return true;
        }
      }
      const pauseMs = Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** (attempt - 1));
      if (this.#isStopped || !(await this.world.pause(pauseMs)) || this.#isStopped) return false;
      outcome = this.#attempt(message);
    }
  }

  /** What the handler returned; a rejected promise when it threw. */
  #attempt(message: Message): unknown {
    try {
      return this.options.handler(message);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #done({ stream, seq }: Message): void {
    this.#progress.advance(stream.id, seq);
    this.world.moved();
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  if (value === null || value === undefined) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}
