import type { LinkCloseReason, LinkListener, LinkPeer, Links } from '../../src/peers/links/links.js';
import type { NodeId } from '../../src/peers/node-id.js';

export type LinkEvent =
  | { readonly type: 'up'; readonly peer: NodeId }
  | { readonly type: 'down'; readonly peer: NodeId; readonly reason: LinkCloseReason };

/** Remembers what links reported, and lets a test wait for a condition on it. */
export class LinkRecorder implements LinkListener {
  readonly events: LinkEvent[] = [];
  readonly peers: LinkPeer[] = [];
  readonly frames: { readonly peer: NodeId; readonly frame: Buffer }[] = [];
  #waiting: { readonly isMet: () => boolean; readonly resolve: () => void }[] = [];

  linkUp(peer: LinkPeer): void {
    this.peers.push(peer);
    this.events.push({ type: 'up', peer: peer.id });
    this.#check();
  }

  linkDown(peer: NodeId, reason: LinkCloseReason): void {
    this.events.push({ type: 'down', peer, reason });
    this.#check();
  }

  frame(peer: NodeId, frame: Buffer): void {
    // Frames may be views on memory that is used again.
    this.frames.push({ peer, frame: Buffer.from(frame) });
    this.#check();
  }

  until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ isMet, resolve });
    });
  }

  texts(): string[] {
    return this.frames.map(({ frame }) => frame.toString());
  }

  #check(): void {
    const due = this.#waiting.filter(({ isMet }) => isMet());
    this.#waiting = this.#waiting.filter((waiting) => !due.includes(waiting));
    for (const { resolve } of due) resolve();
  }
}

/** One node of a conformance test. */
export interface LinkNode {
  readonly id: NodeId;
  readonly url: string;
  readonly links: Links;
  readonly seen: LinkRecorder;
  close(): Promise<void>;
}

/** Makes nodes that can reach each other. */
export interface LinkWorld {
  /** At `url` when it is given: one from `freeUrl`, or the URL of a node that was closed. */
  start(name: string, url?: string): Promise<LinkNode>;
  /** A URL at which nobody listens yet. */
  freeUrl(): Promise<string>;
  close(): Promise<void>;
}
