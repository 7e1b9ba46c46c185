/**
 * The streams that this node knows, by id and by topic, with the digest of each topic over (stream id, frontier). Two nodes that
 * hold the same of a topic have the same digest. Bounded: beyond `STREAMS_MAX` no further stream of others is taken in.
 */
import { createHash } from 'node:crypto';
import type { NodeId } from '../../peers/node-id.js';
import { DIGEST_BYTES } from '../bundles/gossip-frames.js';
import { AheadRoom } from './ahead-room.js';
import type { BundlePlace, GossipOutput } from './gossip-protocol.js';
import type { Stream, StreamId } from '../bundles/stream.js';
import { StreamWindow } from './stream-window.js';

export const STREAMS_MAX = 65_536;

/** One stream as this node holds it. */
export interface StreamState<B extends BundlePlace> {
  readonly stream: Stream;
  readonly window: StreamWindow<B>;
  /** Where this node's interest began: history below it is not asked for, unless it is wanted later. */
  start: number;
  /** Everything in (loggedFrom, loggedSeq] came into the log for good; what was given up before did not. */
  loggedFrom: number;
  loggedSeq: number;
  /** Up to here it was released, though some of it may have to come again as it could not be logged. */
  releasedSeq: number;
  /** Nothing is pulled before. */
  pausedUntilMs: number;
  /** Who last pushed or served it: gets the acks when the publisher is out of reach. */
  via: NodeId | undefined;
  /** History below the floor on its way: (floor, frontier] of it is here already. */
  history: StreamWindow<B> | undefined;
  /** Whether `start` is a guess: nothing is owed up to `from`, and these linked peers have said where they begin. */
  openFloor: { readonly from: number; readonly heard: Set<NodeId> } | undefined;
  changedMs: number;
}

/** The streams of one topic. */
export interface TopicState<B extends BundlePlace> {
  readonly topic: string;
  readonly streams: Map<StreamId, StreamState<B>>;
  digest: string | undefined;
  /** The own interest as it was when these streams were taken in. */
  sinceMs: number | undefined;
  isHistoryWanted: boolean;
  unwantedSinceMs: number | undefined;
}

export class StreamTable<B extends BundlePlace> {
  /** What the windows of all streams share. */
  readonly room = new AheadRoom();
  readonly #streams = new Map<StreamId, StreamState<B>>();
  readonly #topics = new Map<string, TopicState<B>>();
  /** Topics whose digest changed since it was last asked for with `takeChanged`. */
  readonly #changed = new Set<string>();

  /** Streams that were forgotten as the interest began anew: what was released must not come again under it. */
  readonly #released = new Map<StreamId, { readonly seq: number; readonly sinceMs: number }>();

  get size(): number {
    return this.#streams.size;
  }

  get isFull(): boolean {
    return this.#streams.size >= STREAMS_MAX;
  }

  get(stream: StreamId): StreamState<B> | undefined {
    return this.#streams.get(stream);
  }

  topic(topic: string): TopicState<B> | undefined {
    return this.#topics.get(topic);
  }

  topics(): Iterable<TopicState<B>> {
    return this.#topics.values();
  }

  topicNames(): Iterable<string> {
    return this.#topics.keys();
  }

  streams(): Iterable<StreamState<B>> {
    return this.#streams.values();
  }

  add(stream: Stream, extent: { floor: number; frontier: number }, nowMs: number): StreamState<B> {
    const state = stateOf<B>(stream, extent, this.room);
    this.insert(state, nowMs);
    return state;
  }

  insert(state: StreamState<B>, nowMs: number): void {
    const { id, topic } = state.stream;
    this.#released.delete(id);
    this.#streams.set(id, state);
    this.#grow(topic).streams.set(id, state);
    this.changed(state, nowMs);
  }

  delete(state: StreamState<B>): void {
    const topic = this.#topics.get(state.stream.topic);
    state.window.dropAhead();
    state.history?.dropAhead();
    this.#streams.delete(state.stream.id);
    topic?.streams.delete(state.stream.id);
    if (topic !== undefined) topic.digest = undefined;
    if (topic?.streams.size === 0) this.#topics.delete(state.stream.topic);
    this.#changed.add(state.stream.topic);
  }

  /** Like `delete`, but the stream will come back under an interest that begins at `sinceMs`. */
  restart(state: StreamState<B>, sinceMs: number): void {
    this.delete(state);
    const oldest = this.#released.size >= STREAMS_MAX ? this.#released.keys().next().value : undefined;
    if (oldest !== undefined) this.#released.delete(oldest);
    this.#released.set(state.stream.id, { seq: Math.max(state.window.frontier, state.releasedSeq), sinceMs });
  }

  /** Up to where a stream was released before the interest began anew at `sinceMs`; 0 when it was not. */
  releasedBefore(stream: StreamId, sinceMs: number | undefined): number {
    const released = this.#released.get(stream);
    return released?.sinceMs === sinceMs ? (released?.seq ?? 0) : 0;
  }

  /** The frontier of a stream has moved. */
  changed(state: StreamState<B>, nowMs: number): void {
    state.changedMs = nowMs;
    const topic = this.#topics.get(state.stream.topic);
    if (topic !== undefined) topic.digest = undefined;
    this.#changed.add(state.stream.topic);
  }

  /** The topics whose digest changed since the last call. */
  takeChanged(): readonly string[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /** A peer with the same digest may yet know of an earlier start of a stream. */
  isOpenTo(peer: NodeId, topicName: string): boolean {
    for (const { openFloor } of this.#topics.get(topicName)?.streams.values() ?? []) {
      if (openFloor !== undefined && !openFloor.heard.has(peer)) return true;
    }
    return false;
  }

  /** 8 bytes as base64url; undefined for a topic without streams. */
  digestOf(topicName: string): string | undefined {
    const topic = this.#topics.get(topicName);
    if (topic === undefined) return undefined;
    topic.digest ??= digestOver(topic.streams);
    return topic.digest;
  }

  #grow(name: string): TopicState<B> {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = {
        topic: name,
        streams: new Map(),
        digest: undefined,
        sinceMs: undefined,
        isHistoryWanted: false,
        unwantedSinceMs: undefined,
      };
      this.#topics.set(name, topic);
    }
    return topic;
  }
}

/** What the log is to know of a stream. */
export function extentOf({
  stream,
  window,
  openFloor,
}: StreamState<BundlePlace>): GossipOutput<never> & { type: 'extent' } {
  return { type: 'extent', stream, floor: window.floor, frontier: window.frontier, openFrom: openFloor?.from };
}

/** History is not fetched any more; what is here of it already is of no use. */
export function endHistory(state: StreamState<BundlePlace>): void {
  state.history?.dropAhead();
  state.history = undefined;
}

/** A stream of which (floor, frontier] is held, not in any table yet. */
export function stateOf<B extends BundlePlace>(
  stream: Stream,
  { floor, frontier }: { floor: number; frontier: number },
  room: AheadRoom,
): StreamState<B> {
  return {
    stream,
    window: new StreamWindow<B>(floor, frontier, room),
    start: floor,
    loggedFrom: floor,
    loggedSeq: frontier,
    releasedSeq: frontier,
    pausedUntilMs: 0,
    via: undefined,
    history: undefined,
    openFloor: undefined,
    changedMs: 0,
  };
}

function digestOver(streams: ReadonlyMap<StreamId, StreamState<BundlePlace>>): string {
  const hash = createHash('sha256');
  const frontier = Buffer.alloc(6);
  for (const id of [...streams.keys()].sort()) {
    frontier.writeUIntBE(streams.get(id)!.window.frontier, 0, 6);
    hash.update(id, 'latin1').update(frontier);
  }
  return hash.digest().subarray(0, DIGEST_BYTES).toString('base64url');
}
