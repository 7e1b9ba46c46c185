import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { AcceptedSecrets } from '../crypto/accepted-secrets.js';
import { HandshakesService } from '../crypto/handshakes.service.js';
import { IdentityService } from '../crypto/identity.service.js';
import type { NodeRecord } from '../crypto/node-record.js';
import { RULES_SINCE_VERSION } from '../crypto/protocol-version.js';
import { RecordsService } from '../crypto/records.service.js';
import { TopicPolicies } from '../crypto/topic-policies.service.js';
import { DataFolder } from '../runtime/data-folder.service.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import type { DirectoryView } from './directory-view.js';
import { Joining } from './joining.service.js';
import { DiscoveryService } from './discovery/discovery.service.js';
import type { InterestEntry } from './interest/interest.js';
import type { CountsByName, LinkCounters } from './links/link-counters.js';
import type { Lane, LinkCloseReason, LinkListener, LinkPeer } from './links/links.js';
import type { MemberState } from './membership/member.js';
import { MemberDialling } from './links/member-dialling.adapter.js';
import { MembershipService, type MembershipWorld } from './membership/membership.service.js';
import type { NodeId } from './node-id.js';
import { NodeName } from './membership/node-name.service.js';
import type { KnownCount, PeersListener } from './peers-listener.js';
import { ReadableDirectory } from './readable-directory.js';
import { RulesComparison } from './rules/rules-comparison.service.js';
import type { Misbehaviour } from './quarantine/misbehaviour.js';
import { type ExcludedPeer, type QuarantineListener, QuarantineService } from './quarantine/quarantine.service.js';
import { SocketLinks } from './links/socket-links.service.js';

/** A stamp that is further ahead, after all that is known of its clock, is not that of a message on its way. */
const STAMP_AHEAD_MS = 1_000;

/** First byte of a frame: which layer it is for. */
const MEMBERSHIP_CHANNEL = Uint8Array.of(1);
const GOSSIP_CHANNEL = Uint8Array.of(2);
const RULES_CHANNEL = Uint8Array.of(3);

/** The other nodes, as the layers above see them: who they are, what they want, and frames to and from the linked. */
@Injectable()
export class PeersService
  implements
    OnModuleInit,
    OnApplicationBootstrap,
    BeforeApplicationShutdown,
    LinkListener,
    MembershipWorld,
    QuarantineListener
{
  readonly #listeners: PeersListener[] = [];
  /** Linked peers that the listeners were told of. */
  readonly #linked = new Set<NodeId>();
  readonly #readable: ReadableDirectory;
  readonly #dialling: MemberDialling;
  #epoch = 0;
  #started: Promise<void> | undefined;
  #left: Promise<void> | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly identity: IdentityService,
    private readonly handshakes: HandshakesService,
    private readonly records: RecordsService,
    private readonly folder: DataFolder,
    private readonly links: SocketLinks,
    private readonly membership: MembershipService,
    private readonly discovery: DiscoveryService,
    private readonly name: NodeName,
    private readonly joining: Joining,
    private readonly quarantine: QuarantineService,
    policies: TopicPolicies,
    secrets: AcceptedSecrets,
    private readonly rules: RulesComparison,
    private readonly clock: SystemClock,
    private readonly logger: NodeLogger,
  ) {
    this.#dialling = new MemberDialling({
      links,
      logger,
      meshLimit: settings.meshLimit,
      isBootstrap: (url) => discovery.isBootstrap(url),
      isWelcome: ({ id, record }) => records.isAdmitted(record) && !quarantine.isExcluded(id),
    });
    quarantine.attach(this);
    this.#readable = new ReadableDirectory(() => membership.directory, policies, records);
    records.attach(() => this.#onAdmissionChanged());
    secrets.attach(() => this.#onSecretsChanged());
    policies.attach(() => this.#onRightsChanged());
    rules.attach((frame) => this.#linked.forEach((peer) => this.#sendRules(peer, frame)));
  }

  async onModuleInit(): Promise<void> {
    this.#epoch = await this.folder.nextEpoch();
    const { advertiseUrl, host, port } = this.settings;
    const url = advertiseUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    await this.membership.open({ epoch: this.#epoch, url }, this);
  }

  async onApplicationBootstrap(): Promise<void> {
    const handshake = (role: 'initiator' | 'responder'): ReturnType<HandshakesService['create']> =>
      this.handshakes.create(role, this.membership.ownRecordJws);
    const opened = this.links.open({ self: this.self, handshake }, this);
    this.#started = opened.then((url) => this.#start(url));
    // An app's own server listens only after this hook, so there is nothing to wait for yet.
    if (this.links.hasOwnPort) await this.#started;
    else this.#started.catch((cause: unknown) => this.logger.error('peers not started', { cause }));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.leave();
    this.discovery.stop();
    this.name.stop();
    this.quarantine.stop();
    this.membership.stop();
    await this.links.shutdown();
  }

  get self(): NodeId {
    return this.identity.id;
  }

  get selfName(): string {
    return this.settings.name;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** How peers reach this node; final once `started` has resolved. */
  get url(): string {
    return this.directory.member(this.self)!.url;
  }

  /** Resolves once the port is known and peers are dialled. */
  started(): Promise<void> {
    return this.#started ?? Promise.resolve();
  }

  /** The directory was once equal to that of a peer, or there is nobody to join. */
  get isJoined(): boolean {
    return this.joining.isJoined;
  }

  /** Resolves when `isJoined` is true, or the node leaves before; a StartError when another node has its name and answers. */
  joined(): Promise<void> {
    return this.joining.joined();
  }

  /** Interest of nodes in topics that they may not read is not in it. */
  get directory(): DirectoryView {
    return this.#readable;
  }

  /** Live nodes that want what they may not read. */
  ignoredInterests(): Iterable<{ readonly id: NodeId; readonly pattern: string }> {
    return this.#readable.ignored();
  }

  /** The version of the protocol that both ends of the link to a peer speak. */
  versionOf(peer: NodeId): number | undefined {
    return this.links.versionOf(peer);
  }

  get counters(): LinkCounters {
    return this.links.counters;
  }

  attach(listener: PeersListener): void {
    this.#listeners.push(listener);
  }

  /** Queues a frame for the same layer at the peer; false when there is no link or its lane is full. */
  send(peer: NodeId, lane: Lane, ...parts: readonly Uint8Array[]): boolean {
    return this.links.send(peer, lane, GOSSIP_CHANNEL, ...parts);
  }

  /** Bytes that wait for the link to this peer. */
  bufferedBytes(peer: NodeId): number {
    return this.links.bufferedBytes(peer);
  }

  linked(): readonly NodeId[] {
    return [...this.#linked];
  }

  setInterest(entries: readonly InterestEntry[]): void {
    this.membership.setInterest(entries);
  }

  /** Resolves when all live nodes know of the newest interest or the time is over, with what is known then. */
  waitUntilKnown(timeoutMs: number): Promise<KnownCount> {
    return this.membership.waitUntilKnown(timeoutMs);
  }

  rttMs(id: NodeId): number | undefined {
    return this.membership.rttMs(id);
  }

  /** How long ago the peer last answered a probe, and with it told whether its directory equals ours. */
  heardAgeMs(id: NodeId): number | undefined {
    return this.membership.heardAgeMs(id);
  }

  /** The peer's wall clock minus this node's, as far as it was measured. */
  clockOffsetMs(id: NodeId): number | undefined {
    return this.membership.clockOffsetMs(id);
  }

  /** What no honest peer sends came over the link to this one; too much of it shuts the peer out for a while. */
  misbehaved(peer: NodeId, misbehaviour: Misbehaviour): void {
    this.quarantine.misbehaved(peer, misbehaviour);
  }

  /** Peers that are shut out now. */
  excluded(): readonly ExcludedPeer[] {
    return this.quarantine.excluded();
  }

  /** How often peers were shut out, by what they were caught at. */
  get exclusions(): CountsByName {
    return this.quarantine.exclusions;
  }

  /** A time by the publisher's wall clock, by this node's, as far as their offset is known; what is ahead is now. */
  localTimeOf(publisher: NodeId, theirWallMs: number): number {
    const nowMs = this.clock.wallMs();
    const localMs = publisher === this.self ? theirWallMs : theirWallMs - (this.clockOffsetMs(publisher) ?? 0);
    if (localMs > nowMs + STAMP_AHEAD_MS) this.counters.stampsAhead++;
    return Math.min(localMs, nowMs);
  }

  recordOf(id: NodeId): NodeRecord | undefined {
    return this.directory.member(id)?.record;
  }

  recordJwsOf(id: NodeId): string | undefined {
    return this.directory.member(id)?.recordJws;
  }

  /** Announces that this node leaves, and waits a moment for the acknowledgements. Idempotent. */
  leave(): Promise<void> {
    this.joining.end();
    return (this.#left ??= this.membership.leave());
  }

  linkUp(peer: LinkPeer): void {
    // The allow-list may have changed while the handshake was on its way.
    if (!this.records.isAdmitted(peer.record)) return this.links.close(peer.id, 'bad-record');
    if (this.quarantine.isExcluded(peer.id)) return this.links.close(peer.id, 'quarantined');
    this.membership.linkUp(peer);
    // A full table turns strangers away, and without a record there is nothing to work with.
    const member = this.directory.member(peer.id);
    if (member === undefined) return this.links.close(peer.id, 'overflow');
    this.#linked.add(peer.id);
    this.#sendRules(peer.id, this.rules.frame());
    this.#dialling.met(member);
    for (const listener of this.#listeners) listener.linkUp(peer.id);
  }

  linkDown(peer: NodeId, _reason: LinkCloseReason): void {
    this.membership.linkDown(peer);
    this.rules.forget(peer);
    if (!this.#linked.delete(peer)) return;
    for (const listener of this.#listeners) listener.linkDown(peer);
  }

  frame(peer: NodeId, frame: Buffer): void {
    const body = frame.subarray(1);
    if (frame[0] === MEMBERSHIP_CHANNEL[0]) this.membership.receive(peer, body, this.counters.refused);
    else if (frame[0] === RULES_CHANNEL[0]) this.#onRules(peer, body);
    else if (frame[0] !== GOSSIP_CHANNEL[0]) this.#refuse(peer, 'channel');
    else for (const listener of this.#listeners) listener.frame(peer, body);
  }

  sendControl(peer: NodeId, frame: Uint8Array): void {
    this.links.send(peer, 'control', MEMBERSHIP_CHANNEL, frame);
  }

  closeStale(peer: NodeId, silentSinceMs = Infinity): void {
    if ((this.links.heardMs(peer) ?? Infinity) < silentSinceMs) this.links.close(peer, 'stale');
  }

  memberChanged(id: NodeId, to: MemberState): void {
    const member = this.directory.member(id);
    if (id === this.self || member === undefined) return;
    this.logger.info('member', { peer: member.name, peerId: id, state: to });
    this.#dialling.update(member);
  }

  memberForgotten(id: NodeId): void {
    this.#dialling.forgotten(id);
  }

  excludedPeer(id: NodeId): void {
    this.links.close(id, 'quarantined');
    const member = this.directory.member(id);
    if (member !== undefined) this.#dialling.update(member);
  }

  releasedPeers(): void {
    for (const member of this.directory.members()) if (member.id !== this.self) this.#dialling.update(member);
  }

  directoryChanged(): void {
    if (this.isJoined || this.name.isClaiming) this.name.look();
    for (const listener of this.#listeners) listener.directoryChanged();
  }

  synced(): void {
    this.joining.synced();
  }

  async #start(url: string): Promise<void> {
    if (this.#left !== undefined) return;
    await this.membership.start(url);
    const dialling = {
      keep: (bootstrap: string) => this.links.keep(bootstrap),
      forget: (bootstrap: string) => this.#dialling.forgetBootstrap(bootstrap),
    };
    await this.discovery.start(dialling, url);
    const world = { isLinked: () => this.#linked.size > 0, leave: () => this.leave() };
    this.joining.begin(world, this.settings.peers.length > 0);
  }

  /** Whoever is admitted no more is unlinked and dialled no more; whoever is admitted again is dialled again. */
  #onAdmissionChanged(): void {
    for (const member of this.directory.members()) {
      if (member.id === this.self) continue;
      if (!this.records.isAdmitted(member.record)) this.links.close(member.id, 'bad-record');
      this.#dialling.update(member);
    }
    this.#onRightsChanged();
  }

  /** Others have to hear a proof under the new secret before they forget the old one. */
  #onSecretsChanged(): void {
    if (this.#started === undefined || this.#left !== undefined) return;
    this.membership.renewRecord().catch((cause: unknown) => this.logger.error('record not signed', { cause }));
  }

  /** Interest that counted may count no more, or the other way round. */
  #onRightsChanged(): void {
    this.#readable.rightsChanged();
    for (const listener of this.#listeners) listener.directoryChanged();
  }

  #onRules(peer: NodeId, body: Buffer): void {
    const refusal = this.#speaksRules(peer) ? this.rules.heard(peer, body) : 'channel';
    if (refusal !== undefined) this.#refuse(peer, refusal);
  }

  #refuse(peer: NodeId, reason: string): void {
    this.counters.refused.add(reason);
    this.misbehaved(peer, 'malformed-frame');
  }

  #sendRules(peer: NodeId, frame: Buffer): void {
    if (this.#speaksRules(peer)) this.links.send(peer, 'control', RULES_CHANNEL, frame);
  }

  #speaksRules(peer: NodeId): boolean {
    return (this.links.versionOf(peer) ?? 0) >= RULES_SINCE_VERSION;
  }
}
