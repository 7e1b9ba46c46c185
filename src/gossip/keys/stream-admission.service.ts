import { Injectable } from '@nestjs/common';
import { RecordsService } from '../../crypto/records.service.js';
import { TopicPolicies } from '../../crypto/topic-policies.service.js';
import type { NodeId } from '../../peers/node-id.js';
import { PeersService } from '../../peers/peers.service.js';
import { encodeGossipFrame } from '../bundles/gossip-frame-codec.js';
import { sinceVersion, type ExtentsFrame } from '../bundles/gossip-frames.js';
import { streamOf, type Stream, type StreamId } from '../bundles/stream.js';
import { PublishersService } from './publishers.service.js';

/** From this version of a link on it is said that streams are not taken. */
const DECLINED_SINCE = sinceVersion('declined');
/** Topics of which something was refused and that are asked for when the rules change; of others one hears with their next message. */
const REFUSED_TOPICS_MAX = 4_096;
const TOPICS_PER_REQUEST = 256;

/**
 * Which streams this node takes: those of publishers that are admitted and may publish to the topic. What is refused leaves no hole: of such a stream
 * nothing is known here, and its sender is told that this node's part begins behind it, so that nobody waits. When the rules change,
 * peers are asked again what they hold.
 */
@Injectable()
export class StreamAdmission {
  readonly #refusedTopics = new Set<string>();

  constructor(
    private readonly policies: TopicPolicies,
    private readonly publishers: PublishersService,
    private readonly peers: PeersService,
    records: RecordsService,
  ) {
    policies.attach(() => this.#askAgain());
    records.attach(() => this.#askAgain());
  }

  /** Why nothing of the stream is taken now, or undefined when it is. */
  refusal({ topic, publisher }: Pick<Stream, 'topic' | 'publisher'>): 'policy' | 'publisher' | undefined {
    if (!this.policies.current.allows('publish', publisher, topic)) return 'policy';
    return this.publishers.isShutOut(publisher) ? 'publisher' : undefined;
  }

  /** What a peer pushed of the stream, up to `lastSeq`, was refused. */
  refused(peer: NodeId, { id, topic }: Stream, lastSeq: number): void {
    this.#remember(topic);
    this.#decline(peer, [{ id, lastSeq }]);
  }

  /** What a peer holds, without the streams that are not taken. */
  sift(peer: NodeId, frame: ExtentsFrame): ExtentsFrame {
    const { topic } = frame;
    const streams = frame.streams.filter(({ publisher }) => this.refusal({ topic, publisher }) === undefined);
    if (streams.length === frame.streams.length) return frame;
    this.#remember(topic);
    // Told without being asked: the peer thinks that this node lags behind.
    if (!frame.isLast) {
      const declined = frame.streams.filter((claim) => !streams.includes(claim));
      const ends = declined.map(({ publisher, epoch, frontier }) => ({
        id: streamOf(topic, publisher, epoch).id,
        lastSeq: frontier,
      }));
      this.#decline(peer, ends);
    }
    return { ...frame, streams };
  }

  #remember(topic: string): void {
    if (this.#refusedTopics.size < REFUSED_TOPICS_MAX) this.#refusedTopics.add(topic);
  }

  /** Who sent it neither waits for this node nor goes on sending. An older node hears of an empty extent at the end instead: it goes on sending. */
  #decline(peer: NodeId, ends: readonly { readonly id: StreamId; readonly lastSeq: number }[]): void {
    if ((this.peers.versionOf(peer) ?? 0) >= DECLINED_SINCE) {
      const streams = ends.map(({ id }) => id);
      this.peers.send(peer, 'control', encodeGossipFrame({ type: 'declined', node: undefined, streams }));
      return;
    }
    const entries = ends.map(({ id, lastSeq }) => ({ stream: id, start: lastSeq, frontier: lastSeq }));
    this.peers.send(peer, 'control', encodeGossipFrame({ type: 'ack', node: undefined, entries }));
  }

  #askAgain(): void {
    const topics = [...this.#refusedTopics];
    this.#refusedTopics.clear();
    for (let at = 0; at < topics.length; at += TOPICS_PER_REQUEST) {
      const page = topics.slice(at, at + TOPICS_PER_REQUEST);
      const frame = encodeGossipFrame({ type: 'extentsRequest', topics: page });
      for (const peer of this.peers.linked()) this.peers.send(peer, 'control', frame);
    }
  }
}
