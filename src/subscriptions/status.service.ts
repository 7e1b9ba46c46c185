import { Injectable } from '@nestjs/common';
import { GossipService } from '../gossip/gossip.service.js';
import type { Member } from '../peers/membership/member.js';
import { PeersService } from '../peers/peers.service.js';
import { RulesComparison } from '../peers/rules/rules-comparison.service.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { VERSION } from '../runtime/version.js';
import { isPattern } from '../topics/topic.js';
import { DrainService } from './drain.service.js';
import { InterestService } from './interest.service.js';
import { clusterState, namesOf, peersByName, type PeerStatus } from './status-view.js';
import { SubscriptionsService } from './subscriptions.service.js';

export type { PeerStatus } from './status-view.js';

/** What is held of a topic; equal digests at two nodes say that they hold the same messages. */
interface TopicStatus {
  readonly topic: string;
  readonly count: number;
  readonly bytes: number;
  readonly digest: string;
}

/** One node's view of itself and the cluster. */
export interface NodeStatus {
  readonly node: {
    readonly id: string;
    readonly name: string;
    readonly epoch: number;
    readonly url: string;
    readonly version: string;
    readonly uptimeMs: number;
  };
  readonly subscriptions: readonly string[];
  readonly peers: readonly PeerStatus[];
  readonly topics: readonly TopicStatus[];
  readonly cluster: { readonly size: number; readonly state: 'healthy' | 'degraded'; readonly digest: string };
  /** Digests of the rules that this node goes by, and whose interests they make count for nothing. */
  readonly rules: {
    readonly topicPolicy: string;
    readonly allowList: string;
    readonly ignored: readonly { readonly node: string; readonly topic: string }[];
  };
  readonly store: 'ok' | 'full' | 'failing';
  readonly clients: number;
  readonly isReady: boolean;
  readonly isDraining: boolean;
}

/** Who is subscribed to a topic or pattern, as this node knows it. */
export interface TopicRow {
  readonly topic: string;
  /** Names of the live nodes, sorted. */
  readonly nodes: readonly string[];
  /** Clients connected to this node that want it. */
  readonly clients: number;
  /** How old the knowledge about the other nodes is at most; 0 when only this node is concerned. */
  readonly knownAgeMs: number;
}

/** Interests without effect that are named. */
const IGNORED_MAX = 1_000;

/** Answers what a node knows: itself, its peers, its topics, and who gets what. */
@Injectable()
export class StatusService {
  readonly #startedMs: number;

  constructor(
    private readonly peers: PeersService,
    private readonly gossip: GossipService,
    private readonly subscriptions: SubscriptionsService,
    private readonly interest: InterestService,
    private readonly drain: DrainService,
    private readonly rules: RulesComparison,
    private readonly clock: SystemClock,
  ) {
    this.#startedMs = clock.monotonicMs();
  }

  status(): NodeStatus {
    const { directory, self, epoch, url, selfName } = this.peers;
    const uptimeMs = Math.round(this.clock.monotonicMs() - this.#startedMs);
    const others = peersByName(directory.members(), directory.member(self)!);
    const live = directory.members().filter(({ id }) => directory.isLive(id));
    return {
      node: { id: self, name: selfName, epoch, url, version: VERSION, uptimeMs },
      subscriptions: this.subscriptions.subscriptions,
      peers: this.#peerStatuses(others),
      topics: this.gossip.topics().map(({ topic, count, bytes, digest }) => ({ topic, count, bytes, digest })),
      cluster: { size: live.length, state: clusterState(others), digest: directory.digest() },
      rules: { ...this.rules.own, ignored: this.#ignored() },
      store: this.storeState,
      clients: this.subscriptions.clients,
      isReady: this.isReady,
      isDraining: this.drain.isDraining,
    };
  }

  /** Joined, not draining, and with a store that answers. */
  get isReady(): boolean {
    return this.peers.isJoined && !this.drain.isDraining && this.storeState !== 'failing';
  }

  /** What the node's own store takes. */
  get storeState(): NodeStatus['store'] {
    return this.gossip.storeState;
  }

  /** A row per topic or pattern that somebody wants, sorted by code unit, after `after`. */
  topicRows(options: { after?: string | undefined; limit: number; isShown?: (topic: string) => boolean }): {
    items: readonly TopicRow[];
    next: string | null;
  } {
    const { after = '', limit, isShown = () => true } = options;
    const rows = this.peers.directory.rows({ after, limit: limit + 1, isShown });
    const items = rows.slice(0, limit).map(({ pattern, nodes }) => this.#row(pattern, nodes));
    return { items, next: rows.length > limit ? (items.at(-1)?.topic ?? null) : null };
  }

  /** Who gets messages of `topic`: one row, with the nodes whose patterns match; for a pattern, its own row. */
  subscribersOf(topic: string): TopicRow {
    const { directory } = this.peers;
    return this.#row(topic, isPattern(topic) ? directory.naming(topic) : directory.interested(topic));
  }

  #peerStatuses(members: readonly Member[]): PeerStatus[] {
    const linked = new Set(this.peers.linked());
    const excluded = new Map(this.peers.excluded().map(({ id, remainingMs }) => [id, Math.ceil(remainingMs)]));
    return members.map(({ id, name, url, state, epoch }) => ({
      id,
      name,
      url,
      state,
      epoch,
      isLinked: linked.has(id),
      rttMs: this.peers.rttMs(id) ?? null,
      protocol: this.peers.versionOf(id) ?? null,
      quarantinedForMs: excluded.get(id) ?? null,
      ...this.#agreementWith(id),
    }));
  }

  #agreementWith(id: string): Pick<PeerStatus, 'sameTopicPolicy' | 'sameAllowList'> {
    const { topicPolicy, allowList } = this.rules.of(id);
    return { sameTopicPolicy: topicPolicy, sameAllowList: allowList };
  }

  #ignored(): NodeStatus['rules']['ignored'] {
    const ignored: { node: string; topic: string }[] = [];
    for (const { id, pattern } of this.peers.ignoredInterests()) {
      if (ignored.length === IGNORED_MAX) break;
      ignored.push({ node: this.peers.directory.member(id)?.name ?? id, topic: pattern });
    }
    return ignored;
  }

  #row(topic: string, ids: readonly string[]): TopicRow {
    const { directory, self } = this.peers;
    const others = ids.filter((id) => id !== self);
    const ages = others.map((id) => this.peers.heardAgeMs(id) ?? 0);
    return {
      topic,
      nodes: namesOf(ids, (id) => directory.member(id)),
      clients: this.interest.clients(topic),
      knownAgeMs: Math.round(Math.max(0, ...ages)),
    };
  }
}
