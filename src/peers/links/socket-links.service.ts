import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import type { Handshake, HandshakeOutcome, HandshakeRole } from '../../crypto/handshake.js';
import { type Alarm, Alarms } from '../../runtime/alarms.service.js';
import { CoreDriver } from '../../runtime/core-driver.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { Random } from '../../runtime/random.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { TimerQueue } from '../../runtime/timer-queue.js';
import { type DialFailure, DialRefusals } from './dial-refusals.js';
import { Dialer, type DialKind, type DialerInput, type DialerOutput, type DialTimer } from './dialer.js';
import { LinkCounters } from './link-counters.js';
import { type Racer, staysInRace } from './link-race.js';
import { LinkSession, type LinkSessionListener } from './link-session.adapter.js';
import type { Lane, LinkCloseReason, LinkListener, LinkPeer, Links } from './links.js';
import { MeshClient } from './mesh-client.adapter.js';
import {
  type AdmissionRefusal,
  HANDSHAKE_TIMEOUT_MS,
  MeshServer,
  type MeshServerListener,
} from './mesh-server.service.js';
import type { MeshSocket } from './mesh-socket.js';
import type { NodeId } from '../node-id.js';
import { PeerNetworks } from './peer-networks.js';

/** A connection that was closed in good order and is still there after this is destroyed: the other side does not read. */
const LINGER_MS = 1_000;

/** Each link says so often what it has received, unless it had reason to say so before. */
const TICK_MS = 1_000;

/** What links need of whoever starts them. */
export interface LinkIdentity {
  readonly self: NodeId;
  /** A fresh handshake that presents the newest own record. */
  handshake(role: HandshakeRole): Handshake;
}

interface Link extends Racer {
  readonly peer: LinkPeer;
  readonly session: LinkSession;
}

/** Links over Socket.IO: accepts and dials, lets the handshake admit, and keeps one link per peer. */
@Injectable()
export class SocketLinks implements Links, LinkSessionListener, MeshServerListener {
  readonly counters = new LinkCounters();
  readonly #links = new Map<NodeId, Link>();
  readonly #sessions = new Set<LinkSession>();
  readonly #refusals = new DialRefusals();
  readonly #deadlines = new TimerQueue<LinkSession>();
  readonly #deadlineAlarm: Alarm;
  readonly #tickAlarm: Alarm;
  readonly #dialAlarm: Alarm;
  readonly #dialler: CoreDriver<DialerInput, DialTimer, DialerOutput>;
  readonly #client: MeshClient;
  #identity: LinkIdentity | undefined;
  #listener: LinkListener | undefined;
  #tickDueMs = 0;
  #isClosing = false;

  constructor(
    settings: Settings,
    private readonly server: MeshServer,
    private readonly clock: SystemClock,
    private readonly logger: NodeLogger,
    alarms: Alarms,
    random: Random,
  ) {
    this.#client = new MeshClient(new PeerNetworks(settings.peerNetworks));
    this.#deadlineAlarm = alarms.create('link deadlines', () => this.#onDeadlines());
    this.#tickAlarm = alarms.create('link receipts', () => this.#tick());
    this.#dialAlarm = alarms.create('dialling', () => this.#dialler.wake());
    this.#dialler = new CoreDriver(
      new Dialer(random),
      { nowMs: () => this.clock.monotonicMs(), wakeAt: (dueMs) => this.#dialAlarm.set(dueMs) },
      (output) => {
        this.#dial(output.url);
      },
    );
  }

  /** Whether peers come in on a port of their own; known after `open` was called. */
  get hasOwnPort(): boolean {
    return this.server.hasOwnPort;
  }

  /** Accepts peers from now on; resolves with the URL that they reach us by, once the port is known. */
  open(identity: LinkIdentity, listener: LinkListener): Promise<string> {
    this.#identity = identity;
    this.#listener = listener;
    this.#setTick();
    return this.server.open(this);
  }

  /** Ends all links and takes no more. Connections that do not hang up are destroyed shortly after. */
  async shutdown(): Promise<void> {
    this.#isClosing = true;
    this.#dialAlarm.clear();
    this.#tickAlarm.clear();
    for (const session of this.#sessions) session.close('shutdown');
    await this.server.close();
  }

  keep(url: string, how: DialKind = 'wanted'): void {
    this.#dialler.handle({ type: 'keep', url, how });
  }

  forget(url: string): void {
    this.#dialler.handle({ type: 'forget', url });
  }

  send(peer: NodeId, lane: Lane, ...parts: readonly Uint8Array[]): boolean {
    const isQueued = this.#links.get(peer)?.session.send(lane, parts) ?? false;
    if (isQueued) {
      this.counters.framesOut[lane]++;
      for (const { length } of parts) this.counters.bytesOut[lane] += length;
    }
    return isQueued;
  }

  close(peer: NodeId, reason: LinkCloseReason): void {
    this.#links.get(peer)?.session.close(reason);
  }

  linked(): readonly NodeId[] {
    return [...this.#links.keys()];
  }

  versionOf(peer: NodeId): number | undefined {
    return this.#links.get(peer)?.session.version;
  }

  bufferedBytes(peer: NodeId): number {
    return this.#links.get(peer)?.session.bufferedBytes ?? 0;
  }

  heardMs(peer: NodeId): number | undefined {
    return this.#links.get(peer)?.session.heardMs;
  }

  accepted(socket: MeshSocket): void {
    this.#begin(socket, 'responder', undefined);
  }

  turnedAway(reason: AdmissionRefusal): void {
    this.counters.turnedAway.add(reason);
  }

  established(session: LinkSession, { record, recordJws }: HandshakeOutcome): void {
    const self = this.#identity?.self;
    if (self === undefined || this.#isClosing) return session.close('shutdown');
    if (record.id === self) return session.close('self');
    const peer: LinkPeer = { id: record.id, record, recordJws };
    const dialledBy = session.dialledUrl === undefined ? peer.id : self;
    const link: Link = { peer, session, dialledBy, establishedAtMs: this.clock.monotonicMs() };
    const existing = this.#links.get(peer.id);
    const urls = session.dialledUrl === undefined ? [record.url] : [record.url, session.dialledUrl];
    this.#dialler.handle({ type: 'linkUp', peer: peer.id, urls });
    this.#refusals.linked(urls);
    if (existing !== undefined) {
      if (staysInRace(existing, link) === 'existing') return session.close('replaced');
      this.#links.delete(peer.id);
      existing.session.close('replaced');
      this.#tellDown(existing, 'replaced');
    }
    this.#links.set(peer.id, link);
    this.counters.linksUp++;
    this.logger.info('link up', { peer: record.name, peerId: peer.id, url: record.url });
    this.#listener?.linkUp(peer);
  }

  frames(session: LinkSession, frames: readonly Buffer[], bytes: number): void {
    this.counters.bytesIn += bytes;
    this.counters.framesIn += frames.length;
    const link = this.#linkOf(session);
    for (const frame of frames) {
      if (link === undefined || !session.isEstablished) return;
      this.#listener?.frame(link.peer.id, frame);
    }
  }

  closed(session: LinkSession, reason: LinkCloseReason, isOurs: boolean): void {
    (isOurs ? this.counters.closed : this.counters.closedByPeer).add(reason);
    this.#setDeadline(session, LINGER_MS);
    const link = this.#linkOf(session);
    if (link !== undefined) {
      this.#links.delete(link.peer.id);
      this.#tellDown(link, reason);
      this.#dialler.handle({ type: 'linkDown', peer: link.peer.id });
    } else if (session.dialledUrl !== undefined) {
      this.#dialFailed(session.dialledUrl, reason, isOurs);
    } else if (isOurs && reason !== 'replaced' && reason !== 'shutdown' && reason !== 'self') {
      this.logger.warn('peer refused', { reason });
    }
  }

  #dial(url: string): void {
    if (this.#isClosing) return;
    this.counters.dials++;
    const socket = this.#client.dial(url);
    if (socket !== undefined) return this.#begin(socket, 'initiator', url);
    this.counters.closed.add('not-in-peer-networks');
    this.#dialFailed(url, 'not-in-peer-networks', true);
  }

  #dialFailed(url: string, reason: DialFailure, isOurs: boolean): void {
    const cause = this.#isClosing ? undefined : this.#refusals.explain(url, reason, isOurs);
    if (cause === undefined) this.logger.debug('dial failed', { url, reason, isOurs });
    else this.logger.warn('cannot link to a node that is dialled', { url, reason, because: cause });
    this.#dialler.handle({ type: 'failed', url, isOwn: reason === 'self' });
  }

  #begin(socket: MeshSocket, role: HandshakeRole, dialledUrl: string | undefined): void {
    if (this.#identity === undefined || this.#isClosing) return socket.destroy();
    const session = new LinkSession(socket, this.#identity.handshake(role), this, dialledUrl, this.clock);
    this.#sessions.add(session);
    this.#setDeadline(session, HANDSHAKE_TIMEOUT_MS);
  }

  #tick(): void {
    const stoodStillMs = Math.max(0, this.clock.monotonicMs() - this.#tickDueMs);
    for (const { session } of this.#links.values()) session.tick(stoodStillMs);
    if (!this.#isClosing) this.#setTick();
  }

  #setTick(): void {
    this.#tickDueMs = this.clock.monotonicMs() + TICK_MS;
    this.#tickAlarm.set(this.#tickDueMs);
  }

  #linkOf(session: LinkSession): Link | undefined {
    const id = session.peerId;
    const link = id === undefined ? undefined : this.#links.get(id);
    return link?.session === session ? link : undefined;
  }

  #tellDown(link: Link, reason: LinkCloseReason): void {
    this.counters.linksDown++;
    this.logger.info('link down', { peer: link.peer.record.name, peerId: link.peer.id, reason });
    this.#listener?.linkDown(link.peer.id, reason);
  }

  #setDeadline(session: LinkSession, afterMs: number): void {
    this.#deadlines.add(this.clock.monotonicMs() + afterMs, session);
    this.#deadlineAlarm.set(this.#deadlines.nextDueMs!);
  }

  /** A handshake that takes too long is closed, a closed connection that stays open is destroyed. */
  #onDeadlines(): void {
    const nowMs = this.clock.monotonicMs();
    for (
      let session = this.#deadlines.takeDue(nowMs);
      session !== undefined;
      session = this.#deadlines.takeDue(nowMs)
    ) {
      if (session.isEstablished) continue;
      if (!session.isClosed) {
        session.close('handshake-timeout');
      } else {
        session.destroy();
        this.#sessions.delete(session);
      }
    }
    const nextDueMs = this.#deadlines.nextDueMs;
    if (nextDueMs !== undefined) this.#deadlineAlarm.set(nextDueMs);
  }
}
