import { HttpAdapterHost } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Settings } from '../../src/config/settings.js';
import { AllowList } from '../../src/crypto/allow-list.service.js';
import { HandshakesService } from '../../src/crypto/handshakes.service.js';
import { IdentityService } from '../../src/crypto/identity.service.js';
import { RecordsService } from '../../src/crypto/records.service.js';
import type { LinkCloseReason, LinkListener, LinkPeer } from '../../src/peers/links/links.js';
import { MeshServer } from '../../src/peers/links/mesh-server.service.js';
import { SocketLinks } from '../../src/peers/links/socket-links.service.js';
import { decodePeerFrame, encodePeerFrame } from '../../src/peers/membership/peer-frame-codec.js';
import type { PeerFrame } from '../../src/peers/membership/peer-frames.js';
import { Alarms } from '../../src/runtime/alarms.service.js';
import { DataFolder } from '../../src/runtime/data-folder.service.js';
import { NodeLogger } from '../../src/runtime/node-logger.service.js';
import { Random } from '../../src/runtime/random.js';
import { SystemClock } from '../../src/runtime/system-clock.service.js';
import { eventually } from '../e2e/eventually.js';
import { SECRET } from '../e2e/local-cluster.js';

export const MEMBERSHIP = 1;
export const GOSSIP = 2;

/** Port 9 discards, where anybody listens there at all. */
const NOWHERE = 'http://127.0.0.1:9';

export interface HostileOptions {
  readonly name: string;
  readonly secret?: string;
  /** Where it claims that it can be reached; by default nobody can, so that all its links are those that it made. */
  readonly url?: string;
  readonly epoch?: number;
}

/**
 * A peer that speaks the protocol with the code of the nodes and has a signing key of its own, but sends what it likes. It
 * answers pings, so that it counts as alive.
 */
export class HostilePeer implements LinkListener {
  /** What came over its links, channel byte first. */
  readonly frames: Buffer[] = [];
  /** Why links of it ended. */
  readonly closed: LinkCloseReason[] = [];
  #victim: LinkPeer | undefined;

  private constructor(
    readonly identity: IdentityService,
    readonly epoch: number,
    readonly links: SocketLinks,
    private readonly alarms: Alarms,
  ) {}

  static async create({
    name,
    secret = SECRET,
    url = NOWHERE,
    epoch = Date.now(),
  }: HostileOptions): Promise<HostilePeer> {
    const settings = Object.assign(new Settings(), { name, clusterSecret: secret, port: 0 });
    const clock = new SystemClock();
    const alarms = new Alarms(new SchedulerRegistry(), clock);
    const logger = new NodeLogger({ node: name, level: 'silent', format: 'json' });
    const identity = new IdentityService(settings, new DataFolder(undefined));
    await identity.onModuleInit();
    const records = new RecordsService(settings, identity, new AllowList(settings, logger, alarms, clock));
    const handshakes = new HandshakesService(settings, identity, records);
    const server = new MeshServer(settings, new HttpAdapterHost());
    const links = new SocketLinks(settings, server, clock, logger, alarms, new Random(epoch));
    const peer = new HostilePeer(identity, epoch, links, alarms);
    let recordJws = '';
    const own = {
      self: identity.id,
      handshake: (role: 'initiator' | 'responder') => handshakes.create(role, recordJws),
    };
    await links.open(own, peer);
    recordJws = await identity.signRecord({ name, url, epoch, incarnation: 0, status: 'alive' });
    return peer;
  }

  get id(): string {
    return this.identity.id;
  }

  /** Who is at the other end. */
  get victim(): LinkPeer {
    if (this.#victim === undefined) throw new Error('there is no link');
    return this.#victim;
  }

  get isLinked(): boolean {
    return this.links.linked().length > 0;
  }

  async join(url: string): Promise<this> {
    this.links.keep(url);
    await eventually(() => {
      if (!this.isLinked) throw new Error(`no link to ${url}: ${this.closed.join(', ')}`);
    }, 20_000);
    return this;
  }

  /** False once the victim has closed the link, or does not read. */
  send(channel: number, body: Uint8Array): boolean {
    return this.links.send(this.victim.id, 'control', Buffer.concat([Buffer.of(channel), body]));
  }

  say(frame: PeerFrame): boolean {
    return this.send(MEMBERSHIP, encodePeerFrame(frame));
  }

  async leave(): Promise<void> {
    await this.links.shutdown();
    this.alarms.onApplicationShutdown();
  }

  linkUp(peer: LinkPeer): void {
    this.#victim = peer;
  }

  linkDown(_peer: string, reason: LinkCloseReason): void {
    this.closed.push(reason);
  }

  frame(peer: string, frame: Buffer): void {
    this.frames.push(Buffer.from(frame));
    if (frame[0] !== MEMBERSHIP) return;
    const read = decodePeerFrame(frame.subarray(1));
    if (!read.ok || read.value.type !== 'ping') return;
    const { probe, digest } = read.value;
    const ack = encodePeerFrame({ type: 'ack', probe, digest, wallMs: Date.now() });
    this.links.send(peer, 'control', Buffer.concat([Buffer.of(MEMBERSHIP), ack]));
  }
}
