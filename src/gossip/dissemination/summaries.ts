/**
 * Anti-entropy: tells each linked peer the digests of the topics that it wants when they changed, asks for the extents of those
 * that differ from the own, and asks again each round until everything that a peer told is here. Silence after that: a digest
 * whose extents were covered once is not asked for again. Links neither lose nor reorder, so nothing is told twice on one.
 */
import type { NodeId } from '../../peers/node-id.js';
import { Allowance } from './allowance.js';
import type { Audience } from './audience.js';
import { PAGE_ENTRIES_MAX, type ExtentsFrame, type SummaryFrame } from '../bundles/gossip-frames.js';
import type { BundlePlace, GossipOutput, GossipWorld } from './gossip-protocol.js';
import type { StreamState, StreamTable } from './stream-table.js';

/** Topics of one peer that differ and are looked after; further ones wait for the peer's next link. */
export const UNSETTLED_MAX = 16_384;
/** Bytes of topic names in one frame. */
const PAGE_BYTES = 64 * 1024;
/** Extents are not asked for again before; the answer is on its way. */
const ASK_AGAIN_MS = 500;

/** Claims that are made for a peer in a second. */
export const EXPLAINED_MAX = 16_384;

interface Unsettled {
  readonly digest: string;
  askedMs: number;
  isCovered: boolean;
}

export class Summaries<B extends BundlePlace> {
  /** Peer → topic → what it was last told. */
  readonly #told = new Map<NodeId, Map<string, string>>();
  readonly #unsettled = new Map<NodeId, Map<string, Unsettled>>();
  readonly #allowance = new Allowance(EXPLAINED_MAX);

  constructor(
    private readonly table: StreamTable<B>,
    private readonly audience: Audience,
    private readonly world: GossipWorld,
    private readonly emit: (output: GossipOutput<B> & { type: 'send' }) => void,
  ) {}

  linkUp(peer: NodeId): void {
    this.#told.set(peer, new Map());
    this.#unsettled.set(peer, new Map());
  }

  linkDown(peer: NodeId): void {
    this.#told.delete(peer);
    this.#unsettled.delete(peer);
  }

  /** The topic's streams were forgotten here, so what was covered is no longer. */
  forget(topic: string): void {
    for (const told of this.#told.values()) told.delete(topic);
  }

  /** Tells a peer the digests of those `topics` that it wants and was not told like this. */
  tell(peer: NodeId, topics: Iterable<string>): void {
    const told = this.#told.get(peer);
    if (told === undefined) return;
    const page: { topic: string; digest: string }[] = [];
    let pageBytes = 0;
    for (const topic of topics) {
      const digest = this.audience.isWantedBy(peer, topic) ? this.table.digestOf(topic) : undefined;
      if (digest === undefined) {
        told.delete(topic);
        continue;
      }
      const key = `${digest} ${this.audience.wantedSince(peer, topic)}`;
      if (told.get(topic) === key) continue;
      told.set(topic, key);
      page.push({ topic, digest });
      pageBytes += topic.length * 3 + 10;
      if (page.length < PAGE_ENTRIES_MAX && pageBytes < PAGE_BYTES) continue;
      this.#send(peer, { type: 'summary', topics: page.splice(0) });
      pageBytes = 0;
    }
    if (page.length > 0) this.#send(peer, { type: 'summary', topics: page });
  }

  heard(peer: NodeId, frame: SummaryFrame, nowMs: number): void {
    const unsettled = this.#unsettled.get(peer);
    if (unsettled === undefined) return;
    const asked: string[] = [];
    for (const { topic, digest } of frame.topics) {
      const isSettled = this.#isSettled(peer, topic, digest) && this.table.topic(topic)?.isHistoryWanted !== true;
      if (isSettled || !this.audience.isWantedHere(topic)) unsettled.delete(topic);
      else if (unsettled.has(topic) || unsettled.size < UNSETTLED_MAX) {
        unsettled.set(topic, { digest, askedMs: nowMs, isCovered: true });
        asked.push(topic);
      }
    }
    this.#ask(peer, asked);
  }

  /** Asks again for what is not settled. */
  round(peer: NodeId, nowMs: number): void {
    const asked: string[] = [];
    for (const [topic, entry] of this.#unsettled.get(peer) ?? []) {
      if (this.#isSettled(peer, topic, entry.digest) || !this.audience.isWantedHere(topic)) {
        this.#unsettled.get(peer)!.delete(topic);
      } else if (nowMs - entry.askedMs >= ASK_AGAIN_MS && asked.length < PAGE_ENTRIES_MAX) {
        entry.askedMs = nowMs;
        entry.isCovered = true;
        asked.push(topic);
      }
    }
    this.#ask(peer, asked);
  }

  /** Asks a peer for the extents of a topic whatever its digest, unless that was done just now. */
  ask(peer: NodeId, topic: string, nowMs: number): void {
    const unsettled = this.#unsettled.get(peer);
    const entry = unsettled?.get(topic);
    if (unsettled === undefined || (entry !== undefined && nowMs - entry.askedMs < ASK_AGAIN_MS)) return;
    if (entry === undefined && unsettled.size >= UNSETTLED_MAX) return;
    unsettled.set(topic, { digest: entry?.digest ?? '', askedMs: nowMs, isCovered: true });
    this.#ask(peer, [topic]);
  }

  /**
   * The answer to a request: all streams of the topic, in pages. None for now to who has asked for a lot, or has a clock that is not
   * known yet; it asks again.
   */
  explain(peer: NodeId, topicName: string, nowMs: number): void {
    const isWanted = this.audience.isWantedBy(peer, topicName);
    const since = this.audience.wantedSince(peer, topicName);
    if (!this.#allowance.hasSome(peer, nowMs) || (isWanted && since === undefined)) return;
    const streams = isWanted ? (this.table.topic(topicName)?.streams.values() ?? []) : [];
    const digest = this.table.digestOf(topicName) ?? EMPTY_DIGEST;
    const claims = Array.from(streams, (state) => this.#claimOf(state, since!));
    this.#allowance.spend(peer, claims.length + 1, nowMs);
    let at = 0;
    do {
      const streams = claims.slice(at, at + PAGE_ENTRIES_MAX);
      at += PAGE_ENTRIES_MAX;
      this.#send(peer, { type: 'extents', topic: topicName, digest, isLast: at >= claims.length, streams });
    } while (at < claims.length);
  }

  /** Tells all who want it of a stream whose frontier, and so the digest, is as it was. */
  announceToAll(peers: Iterable<NodeId>, state: StreamState<B>): void {
    for (const peer of peers) {
      this.announce(peer, state);
    }
  }

  /** Tells of a single stream without being asked, if it can be told where the peer's interest in it begins. */
  announce(peer: NodeId, state: StreamState<B>): void {
    const { topic } = state.stream;
    const since = this.audience.wantedSince(peer, topic);
    if (since === undefined) return;
    const streams = [this.#claimOf(state, since)];
    this.#send(peer, { type: 'extents', topic, digest: EMPTY_DIGEST, isLast: false, streams });
  }

  /** Where an interest that began at `since` begins in a stream, as far as this node can tell. */
  startOf(state: StreamState<B>, since: number): number {
    const { floor, frontier } = state.window;
    return since === 0 ? floor : Math.min(frontier, Math.max(floor, this.world.seqBefore(state.stream.id, since)));
  }

  /** A page of extents was looked at; `isCovered` when nothing in it is missing here. */
  explained(peer: NodeId, frame: ExtentsFrame, isCovered: boolean): void {
    const entry = this.#unsettled.get(peer)?.get(frame.topic);
    if (entry === undefined) return;
    entry.isCovered &&= isCovered;
    if (frame.isLast && entry.isCovered) this.#unsettled.get(peer)!.delete(frame.topic);
  }

  #claimOf(state: StreamState<B>, since: number): ExtentsFrame['streams'][number] {
    const { publisher, epoch } = state.stream;
    const { floor, frontier } = state.window;
    return { publisher, epoch, start: this.startOf(state, since), floor, frontier };
  }

  #isSettled(peer: NodeId, topic: string, digest: string): boolean {
    return this.table.digestOf(topic) === digest && !this.table.isOpenTo(peer, topic);
  }

  #ask(peer: NodeId, topics: readonly string[]): void {
    for (let at = 0; at < topics.length; at += 256) {
      this.#send(peer, { type: 'extentsRequest', topics: topics.slice(at, at + 256) });
    }
  }

  #send(peer: NodeId, frame: (GossipOutput<B> & { type: 'send' })['frame']): void {
    this.emit({ type: 'send', peer, lane: 'control', frame });
  }
}

const EMPTY_DIGEST = Buffer.alloc(8).toString('base64url');
