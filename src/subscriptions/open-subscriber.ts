import type { Message } from '../gossip/bundles/message.js';
import { GrapevineError } from '../runtime/errors.js';
import { patternProblem } from '../topics/topic.js';
import type { ClientSubscriber, Subscribed } from './client-subscriber.js';
import { encodeCursor, type Cursor } from './cursor.js';
import { readStartingPoint, type After, type StartingPoint } from './starting-point.js';
import type { Subscriber } from './subscriber.js';

/** Topics and patterns of one client. */
export const PATTERNS_OF_A_CLIENT_MAX = 1_024;

/** Longest wait for the live nodes to know of a subscription and for the history they hold, unless the user says otherwise. */
export const SUBSCRIBE_TIMEOUT_MS_DEFAULT = 1_000;

/** What an open subscriber needs of the node around it. */
export interface SubscriberWorld {
  /** GrapevineError `draining` while the node takes nothing new, `too-many-subscriptions` when it is full. */
  assertOpen(): void;
  /** True when the node wants more than before. GrapevineError `too-many-subscriptions`. */
  want(pattern: string, point: StartingPoint): boolean;
  unwant(pattern: string): void;
  /** Resolves when the history that other nodes hold is here, or the time is over; `isMore` when the node never asked for it. */
  pullHistory(isMore: boolean, timeoutMs: number): Promise<void>;
  /** Resolves when the repeats of what a reader may have got elsewhere are known, or the time is over; it may want that no more. */
  learnRepeats(pattern: string, timeoutMs: number, isWanted: () => boolean): Promise<void>;
  /** False when something after the starting point is lost. */
  start(subscriber: Subscriber, pattern: string, point: StartingPoint): Promise<boolean>;
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

  async subscribe(pattern: string, { after }: { readonly after?: After | undefined } = {}): Promise<Subscribed> {
    return this.begin(pattern, readRequest(pattern, after), SUBSCRIBE_TIMEOUT_MS_DEFAULT);
  }

  /** As `subscribe`, from a starting point that is read already. */
  async begin(pattern: string, point: StartingPoint, timeoutMs: number): Promise<Subscribed> {
    this.world.assertOpen();
    const { state, isMore } = this.#want(pattern, point);
    if (point.from !== 'now') {
      await this.world.pullHistory(isMore, timeoutMs);
      const isWanted = (): boolean => this.#isWanted(pattern, state);
      if (point.from === 'cursor' && isWanted()) await this.world.learnRepeats(pattern, timeoutMs, isWanted);
      this.world.assertOpen();
    }
    this.#assertWanted(pattern, state);
    const recovered = await this.#start(pattern, point, state);
    this.#assertWanted(pattern, state);
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
    return encodeCursor(this.subscriber.clientCursor());
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

  #want(pattern: string, point: StartingPoint): { state: { started: boolean }; isMore: boolean } {
    const known = this.#patterns.get(pattern);
    if (known === undefined) {
      if (this.#patterns.size >= PATTERNS_OF_A_CLIENT_MAX) {
        throw new GrapevineError('too-many-subscriptions', `a client has at most ${PATTERNS_OF_A_CLIENT_MAX}`);
      }
      const isMore = this.world.want(pattern, point);
      const state = { started: false };
      this.#patterns.set(pattern, state);
      return { state, isMore };
    }
    if (point.from === 'now') return { state: known, isMore: false };
    // History is wanted beside what the client has: the earlier interest replaces the later one.
    const isMore = this.world.want(pattern, point);
    this.world.unwant(pattern);
    return { state: known, isMore };
  }

  #isWanted(pattern: string, state: { started: boolean }): boolean {
    return !this.subscriber.isClosed && this.#patterns.get(pattern) === state;
  }

  #assertWanted(pattern: string, state: { started: boolean }): void {
    if (!this.#isWanted(pattern, state))
      throw new GrapevineError('invalid-request', 'unsubscribed while its history was on its way');
  }

  async #start(pattern: string, point: StartingPoint, state: { started: boolean }): Promise<boolean> {
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
