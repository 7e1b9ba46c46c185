import type { Lane } from './links.js';

/** Counts by name, for metrics; the names are ours, never a peer's, so they are few. */
export class CountsByName {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  entries(): readonly (readonly [name: string, count: number])[] {
    return [...this.#counts];
  }
}

/** What links and membership have seen since the start of the process. */
export class LinkCounters {
  linksUp = 0;
  linksDown = 0;
  dials = 0;
  /** Connections and links that we ended or that went away, by reason. */
  readonly closed = new CountsByName();
  /** Those that the other side ended, by the reason it gave. */
  readonly closedByPeer = new CountsByName();
  /** Connections turned away before the handshake, by reason. */
  readonly turnedAway = new CountsByName();
  /** Frames and statements refused after the handshake, by reason. */
  readonly refused = new CountsByName();
  /** Times that others stamped and that lie ahead of now, by what is known of their clocks. */
  stampsAhead = 0;
  framesIn = 0;
  bytesIn = 0;
  readonly framesOut: Record<Lane, number> = { control: 0, data: 0, repair: 0 };
  readonly bytesOut: Record<Lane, number> = { control: 0, data: 0, repair: 0 };
}
