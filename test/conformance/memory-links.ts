import { createHash } from 'node:crypto';
import type { NodeRecord } from '../../src/crypto/node-record.js';
import { PROTOCOL_VERSIONS } from '../../src/crypto/protocol-version.js';
import { decodeRecord, LinkQueue } from '../../src/peers/links/link-queue.js';
import type { Lane, LinkCloseReason, LinkListener, LinkPeer, Links } from '../../src/peers/links/links.js';
import { nodeIdFrom, type NodeId } from '../../src/peers/node-id.js';

/** Nodes by URL, in one process and without a socket: the in-memory twin of links over Socket.IO. */
export class MemoryMesh {
  readonly #nodes = new Map<string, MemoryLinks>();

  add(url: string, node: MemoryLinks): void {
    this.#nodes.set(url, node);
    for (const other of this.#nodes.values()) other.redial();
  }

  remove(url: string): void {
    this.#nodes.delete(url);
  }

  at(url: string): MemoryLinks | undefined {
    return this.#nodes.get(url);
  }
}

/** Nothing is signed or sealed in memory. */
const NO_KEY = { kty: 'EC', crv: 'P-256', x: '', y: '' };

interface MemoryLink {
  readonly other: MemoryLinks;
  readonly queue: LinkQueue;
  heardMs: number;
}

export class MemoryLinks implements Links {
  readonly peer: LinkPeer;
  readonly #kept = new Set<string>();
  readonly #links = new Map<NodeId, MemoryLink>();
  #isClosed = false;

  constructor(
    private readonly mesh: MemoryMesh,
    name: string,
    url: string,
    private readonly listener: LinkListener,
  ) {
    const id = nodeIdFrom(createHash('sha256').update(name).digest());
    const record: NodeRecord = {
      cluster: 'memory',
      id,
      name,
      url,
      epoch: 1,
      incarnation: 0,
      status: 'alive',
      signingKey: NO_KEY,
      encryptionKey: NO_KEY,
    };
    this.peer = { id, record, recordJws: `record of ${name}` };
    mesh.add(url, this);
  }

  keep(url: string): void {
    this.#kept.add(url);
    queueMicrotask(() => this.redial());
  }

  forget(url: string): void {
    this.#kept.delete(url);
  }

  redial(): void {
    for (const url of this.#kept) {
      const other = this.mesh.at(url);
      if (other === undefined || other === this || this.#isClosed || this.#links.has(other.peer.id)) continue;
      this.#connect(other);
      other.#connect(this);
    }
  }

  send(peer: NodeId, lane: Lane, ...parts: readonly Uint8Array[]): boolean {
    const link = this.#links.get(peer);
    if (link === undefined) return false;
    const isFirst = link.queue.bytes === 0;
    if (!link.queue.push(lane, ...parts)) {
      if (lane === 'control') this.close(peer, 'overflow');
      return false;
    }
    if (isFirst) queueMicrotask(() => this.#flush(link));
    return true;
  }

  close(peer: NodeId, reason: LinkCloseReason): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    this.#disconnect(peer, reason);
    link.other.#disconnect(this.peer.id, reason);
    queueMicrotask(() => {
      this.redial();
      link.other.redial();
    });
  }

  linked(): readonly NodeId[] {
    return [...this.#links.keys()];
  }

  versionOf(peer: NodeId): number | undefined {
    return this.#links.has(peer) ? PROTOCOL_VERSIONS.max : undefined;
  }

  bufferedBytes(peer: NodeId): number {
    return this.#links.get(peer)?.queue.bytes ?? 0;
  }

  heardMs(peer: NodeId): number | undefined {
    return this.#links.get(peer)?.heardMs;
  }

  shutdown(): void {
    this.#isClosed = true;
    this.mesh.remove(this.peer.record.url);
    for (const peer of this.linked()) this.close(peer, 'shutdown');
  }

  #connect(other: MemoryLinks): void {
    this.#links.set(other.peer.id, { other, queue: new LinkQueue(), heardMs: performance.now() });
    this.listener.linkUp(other.peer);
  }

  #disconnect(peer: NodeId, reason: LinkCloseReason): void {
    if (this.#links.delete(peer)) this.listener.linkDown(peer, reason);
  }

  #flush(link: MemoryLink): void {
    for (let record = link.queue.takeRecord(); record !== undefined; record = link.queue.takeRecord()) {
      if (this.#links.get(link.other.peer.id) !== link) return;
      const frames = decodeRecord(record);
      if (!frames.ok) throw new Error(frames.reason);
      const way = link.other.#links.get(this.peer.id);
      if (way !== undefined) way.heardMs = performance.now();
      for (const frame of frames.value) link.other.listener.frame(this.peer.id, frame);
    }
  }
}
