import type { Message } from '../gossip/message.js';
import { GrapevineError } from '../runtime/errors.js';
import { patternProblem } from '../topics/topic.js';
import type { ClientSubscribeOptions, ClientSubscriber, Subscribed } from './client-subscriber.js';
import { encodeCursor, type Cursor } from './cursor.js';
import { readStartingPoint, type After, type StartingPoint } from './starting-point.js';
import type { Subscriber } from './subscriber.js';

/** Topics and patterns of one client. */
export const PATTERNS_OF_A_CLIENT_MAX = 1_024;

const HISTORY_TIMEOUT_MS = 1_000;

/** What an open subscriber needs of the node around it. */
export interface SubscriberWorld {
  /** GrapevineError `draining` while the node takes nothing new. */
  assertOpen(): void;
  want(pattern: string, point: StartingPoint): void;
  unwant(pattern: string): void;
  pullHistory(timeoutMs: number): Promise<void>;
  start(subscriber: Subscriber, pattern: string, point: StartingPoint): boolean;
  stop(subscriber: Subscriber, pattern: string): void;
  closed(subscriber: OpenSubscriber): void;
}

/** A client or handler with its topics and patterns, the interest they give the node, and the history they ask for. */
export class OpenSubscriber implements ClientSubscriber {
  /** `started` is false while its history is on its way. */
  readonly #patterns = new Map<string, { started: boolean }>();

  constructor(
    private readonly subscriber: Subscriber,
    private readonly world: SubscriberWorld,
  ) {}

  get patterns(): readonly string[] {
    return [...this.#patterns.keys()];
  }

  async subscribe(pattern: string, options: ClientSubscribeOptions = {}): Promise<Subscribed> {
    return this.begin(pattern, readRequest(pattern, options.after), options.timeoutMs ?? HISTORY_TIMEOUT_MS);
  }

  /** As `subscribe`, from a starting point that is read already. */
  async begin(pattern: string, point: StartingPoint, timeoutMs: number): Promise<Subscribed> {
    this.world.assertOpen();
    const state = this.#patterns.get(pattern) ?? { started: false };
    if (!this.#patterns.has(pattern)) {
      if (this.#patterns.size >= PATTERNS_OF_A_CLIENT_MAX) {
        throw new GrapevineError('too-many-subscriptions', `a client has at most ${PATTERNS_OF_A_CLIENT_MAX}`);
      }
      this.#patterns.set(pattern, state);
      this.world.want(pattern, point);
    } else if (point.from !== 'now') {
      // History is wanted beside what the client has: the earlier interest replaces the later one.
      this.world.want(pattern, point);
      this.world.unwant(pattern);
    }
    if (point.from !== 'now') await this.world.pullHistory(timeoutMs);
    const isGone = this.subscriber.isClosed || this.#patterns.get(pattern) !== state;
    if (isGone) throw new GrapevineError('invalid-request', 'unsubscribed while its history was on its way');
    const recovered = this.#start(pattern, point, state);
    return { topic: pattern, cursor: encodeCursor(this.subscriber.cursor(pattern)), recovered };
  }

  unsubscribe(pattern: string): boolean {
    const state = this.#patterns.get(pattern);
    if (state === undefined) return false;
    this.#patterns.delete(pattern);
    if (state.started) this.world.stop(this.subscriber, pattern);
    this.world.unwant(pattern);
    return true;
  }

  more(): void {
    this.subscriber.more();
  }

  cursor(): string {
    return encodeCursor(this.position());
  }

  cursorAfter({ stream, seq }: Message): string {
    this.subscriber.given(stream.id, seq);
    return this.cursor();
  }

  position(): Cursor {
    return this.subscriber.cursor();
  }

  close(): void {
    this.subscriber.close();
    for (const pattern of this.patterns) this.unsubscribe(pattern);
    this.world.closed(this);
  }

  #start(pattern: string, point: StartingPoint, state: { started: boolean }): boolean {
    // Once more from now on is what the client has already.
    if (state.started && point.from === 'now') return true;
    state.started = true;
    return this.world.start(this.subscriber, pattern, point);
  }
}

/** Checks what a user asks for. GrapevineError `invalid-pattern` or `invalid-cursor`. */
export function readRequest(pattern: string, after: After | undefined): StartingPoint {
  const problem = typeof pattern === 'string' ? patternProblem(pattern) : 'a topic is a string';
  if (problem !== undefined) throw new GrapevineError('invalid-pattern', problem);
  const point = readStartingPoint(after);
  if (!point.ok) throw new GrapevineError('invalid-cursor', `after: ${point.reason}`);
  return point.value;
}
