import { Injectable } from '@nestjs/common';

/** A peer as `status` shows it. */
export interface PeerStatus {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly state: 'alive' | 'suspect' | 'dead' | 'left';
  readonly epoch: number;
  readonly isLinked: boolean;
  /** Round trip of the last probe, null when none was answered yet. */
  readonly rttMs: number | null;
}

/** What is held of a topic; equal digests at two nodes say that they hold the same messages. */
export interface TopicStatus {
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

/** Answers what a node knows: itself, its peers, its topics, and who gets what. */
@Injectable()
export class StatusService {
  status(): NodeStatus {
    throw new Error('not there yet');
  }

  /** Joined and not draining. */
  get isReady(): boolean {
    return false;
  }

  /** A row per topic or pattern that somebody wants, sorted by code unit, after `after`. */
  topicRows(options: { after?: string | undefined; limit: number }): {
    items: readonly TopicRow[];
    next: string | null;
  } {
    throw new Error(`not there yet: ${options.limit}`);
  }

  /** Who gets messages of `topic`: one row, with the nodes whose patterns match; for a pattern, its own row. */
  subscribersOf(topic: string): TopicRow {
    throw new Error(`not there yet: ${topic}`);
  }
}
