import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { IdentityService } from '../../crypto/identity.service.js';
import { HELPED_CLOCK_SINCE_VERSION } from '../../crypto/protocol-version.js';
import { type Alarm, Alarms } from '../../runtime/alarms.service.js';
import { CoreDriver } from '../../runtime/core-driver.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { Random } from '../../runtime/random.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { Directory } from './directory.js';
import type { InterestEntry } from '../interest/interest.js';
import { KnownWaiters } from './known-waiters.js';
import type { CountsByName } from '../links/link-counters.js';
import type { LinkPeer } from '../links/links.js';
import type { MemberState } from './member.js';
import { MembershipCore } from './membership.js';
import type { MembershipInput, MembershipOutput, MembershipTimer } from './membership-ports.js';
import type { NodeId } from '../node-id.js';
import type { Misbehaviour } from '../quarantine/misbehaviour.js';
import { OwnInterestCore } from '../interest/own-interest.js';
import { OwnInterest } from '../interest/own-interest.driver.js';
import { encodePeerFrame } from './peer-frame-codec.js';
import type { PeerFrame } from './peer-frames.js';
import { PeerClocks, type OwnClocks } from './peer-clocks.js';
import { PeerFrameIntake } from './peer-frame-intake.adapter.js';
import type { KnownCount } from '../peers-listener.js';
import { PROFILES } from './profile.js';
import { StatementSignatures } from './statement-signatures.service.js';

/** What membership needs of the links, and whom it tells what it found. */
export interface MembershipWorld {
  sendControl(peer: NodeId, frame: Uint8Array): void;
  /** With a time by the monotonic clock only when nothing came over the link since. */
  closeStale(peer: NodeId, silentSinceMs?: number): void;
  memberChanged(id: NodeId, to: MemberState): void;
  memberForgotten(id: NodeId): void;
  /** Once per change or bundle of changes, after all calls above. */
  directoryChanged(): void;
  synced(peer: NodeId): void;
  versionOf(peer: NodeId): number | undefined;
  misbehaved(peer: NodeId, misbehaviour: Misbehaviour): void;
}

interface Running {
  readonly directory: Directory;
  readonly core: MembershipCore;
  readonly driver: CoreDriver<MembershipInput, MembershipTimer, MembershipOutput>;
  readonly interest: OwnInterest;
  readonly intake: PeerFrameIntake;
  readonly world: MembershipWorld;
}

/** Drives the membership core: verifies what goes in, signs and sends what comes out, runs its timers. */
@Injectable()
export class MembershipService {
  readonly #alarm: Alarm;
  readonly #waitersAlarm: Alarm;
  readonly #statementsAlarm: Alarm;
  readonly #waiters = new KnownWaiters();
  readonly #heardMs = new Map<NodeId, number>();
  readonly #clocks = new PeerClocks();
  #running: Running | undefined;
  #isDirectoryChanged = false;
  #tellDeparted: (() => void) | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly identity: IdentityService,
    private readonly signatures: StatementSignatures,
    private readonly clock: SystemClock,
    private readonly alarms: Alarms,
    private readonly random: Random,
    private readonly logger: NodeLogger,
  ) {
    this.#alarm = alarms.create('membership', () => {
      this.#running?.driver.wake();
      this.#tellChanges();
    });
    this.#statementsAlarm = alarms.create('statements', () => this.#running?.intake.wake());
    this.#waitersAlarm = alarms.create('interest waiters', () => this.#checkWaiters());
  }

  /** Makes the directory, with this node as its only member so far. */
  async open(life: { readonly epoch: number; readonly url: string }, world: MembershipWorld): Promise<void> {
    const fields = { name: this.settings.name, ...life, incarnation: 0, status: 'alive' } as const;
    const directory = new Directory(await this.signatures.signRecord(fields));
    const core = new MembershipCore(directory, PROFILES[this.settings.profile], this.random);
    const clock = { nowMs: () => this.clock.monotonicMs(), wakeAt: (dueMs: number) => this.#alarm.set(dueMs) };
    const interest = new OwnInterest(
      new OwnInterestCore(directory.self, life.epoch),
      this.alarms,
      this.clock,
      (segment) => this.feed({ type: 'segment', from: directory.self, segment: this.signatures.signSegment(segment) }),
    );
    const driver = new CoreDriver<MembershipInput, MembershipTimer, MembershipOutput>(core, clock, (output) =>
      this.#carryOut(output),
    );
    const intake = new PeerFrameIntake({
      directory,
      core,
      signatures: this.signatures,
      wallMs: () => this.clock.wallMs(),
      nowMs: () => this.clock.monotonicMs(),
      wakeAt: (dueMs) => this.#statementsAlarm.set(dueMs),
      feed: (input) => this.feed(input),
      misbehaved: (peer, misbehaviour) => world.misbehaved(peer, misbehaviour),
    });
    this.#running = { directory, core, driver, interest, intake, world };
  }

  get directory(): Directory {
    return this.#opened().directory;
  }

  get ownRecordJws(): string {
    return this.directory.member(this.identity.id)!.recordJws;
  }

  /** Begins to probe and to answer, as the node that is reached by `url`. */
  async start(url: string): Promise<void> {
    const own = this.directory.member(this.identity.id)!;
    if (own.url !== url) await this.#signRecord({ incarnation: own.incarnation + 1, status: 'alive', url });
    this.#opened().interest.start();
    this.feed({ type: 'start' });
  }

  /** Signs the own record anew, with what proves now that this node is admitted. */
  async renewRecord(): Promise<void> {
    const { incarnation } = this.directory.member(this.identity.id)!;
    await this.#signRecord({ incarnation: incarnation + 1, status: 'alive' });
  }

  stop(): void {
    this.#alarm.clear();
    this.#waitersAlarm.clear();
    this.#statementsAlarm.clear();
    this.#running?.interest.stop();
    this.#waiters.check(true, this.clock.monotonicMs());
  }

  /** Says farewell; resolves when the linked peers have acknowledged it, or not in time. Whoever never began has nobody to tell. */
  leave(): Promise<void> {
    if (this.#running === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#tellDeparted = resolve;
      this.feed({ type: 'leave' });
    });
  }

  linkUp(peer: LinkPeer): void {
    this.feed({ type: 'linkUp', peer });
  }

  linkDown(peer: NodeId): void {
    this.#clocks.linkDown(peer);
    this.feed({ type: 'linkDown', peer });
  }

  /** A membership frame of a linked peer. */
  receive(peer: NodeId, bytes: Buffer, refused: CountsByName): void {
    this.#opened().intake.receive(peer, bytes, refused);
  }

  setInterest(entries: readonly InterestEntry[]): void {
    this.#opened().interest.set(entries);
  }

  get known(): KnownCount {
    return this.#opened().core.known;
  }

  /** Resolves when all live nodes know of the newest interest, or when the time is over; with what is known then. */
  async waitUntilKnown(timeoutMs: number): Promise<KnownCount> {
    if (!this.#isKnown()) {
      await new Promise<void>((resolve) => {
        this.#waiters.add(this.clock.monotonicMs() + timeoutMs, resolve);
        this.#checkWaiters();
      });
    }
    return this.known;
  }

  rttMs(id: NodeId): number | undefined {
    return this.#clocks.rttMs(id);
  }

  /** How long ago the peer last answered a probe. */
  heardAgeMs(id: NodeId): number | undefined {
    const heardMs = this.#heardMs.get(id);
    return heardMs === undefined ? undefined : this.clock.monotonicMs() - heardMs;
  }

  /** When a sign of life of the node was last had here, directly or through others that were asked. */
  signOfLifeMs(id: NodeId): number | undefined {
    return this.#opened().core.signOfLifeMs(id);
  }

  clockOffsetMs(id: NodeId): number | undefined {
    return this.#clocks.offsetMs(id, this.#now());
  }

  feed(input: MembershipInput): void {
    this.#opened().driver.handle(input);
    this.#tellChanges();
  }

  #carryOut(output: MembershipOutput): void {
    const { directory, world } = this.#opened();
    switch (output.type) {
      case 'send': {
        const bytes = encodePeerFrame(output.frame);
        for (const peer of output.peers) world.sendControl(peer, this.#asSpoken(output.frame, peer) ?? bytes);
        return;
      }
      case 'accuse': {
        const accusation = this.signatures.signAccusation(output.accusation);
        return this.feed({ type: 'accusation', from: directory.self, accusation });
      }
      case 'incarnate':
        this.#signRecord(output).catch((cause: unknown) => this.logger.error('record not signed', { cause }));
        return;
      case 'close':
        return world.closeStale(output.peer, output.silentSinceMs);
      case 'memberChanged':
        this.#isDirectoryChanged = true;
        return world.memberChanged(output.id, output.to);
      case 'memberForgotten':
        this.#isDirectoryChanged = true;
        this.#clocks.forget(output.id);
        this.#heardMs.delete(output.id);
        return world.memberForgotten(output.id);
      case 'interestChanged':
        this.#isDirectoryChanged = true;
        return;
      case 'knownChanged':
        return this.#checkWaiters();
      case 'measured':
        this.#heardMs.set(output.peer, this.clock.monotonicMs());
        if (directory.member(output.peer) !== undefined) this.#clocks.measured(output.peer, output, this.#now());
        return;
      case 'clockHeard':
        if (directory.member(output.id) !== undefined) this.#clocks.heard(output.id, output.clockOffsetMs, this.#now());
        return;
      case 'synced':
        return world.synced(output.peer);
      case 'clashed':
        return this.logger.error('another process runs with the identity of this node', { epoch: output.epoch });
      case 'departed':
        return this.#tellDeparted?.();
    }
  }

  /** The frame without what a link of an older version does not carry; undefined when it is as it is. */
  #asSpoken(frame: PeerFrame, peer: NodeId): Buffer | undefined {
    if (frame.type !== 'ping-result' || frame.wallMs === undefined) return undefined;
    const isSpoken = (this.#opened().world.versionOf(peer) ?? 0) >= HELPED_CLOCK_SINCE_VERSION;
    const { wallMs: _wallMs, ...older } = frame;
    return isSpoken ? undefined : encodePeerFrame(older);
  }

  #now(): OwnClocks {
    return { wallMs: this.clock.wallMs(), monotonicMs: this.clock.monotonicMs() };
  }

  async #signRecord(change: { incarnation: number; status: 'alive' | 'left'; url?: string }): Promise<void> {
    const { name, url, epoch } = this.directory.member(this.identity.id)!;
    const { incarnation, status } = change;
    const signed = await this.signatures.signRecord({ name, url: change.url ?? url, epoch, incarnation, status });
    this.feed({ type: 'record', from: this.identity.id, ...signed });
  }

  #tellChanges(): void {
    if (!this.#isDirectoryChanged) return;
    this.#isDirectoryChanged = false;
    this.#running?.world.directoryChanged();
  }

  #isKnown(): boolean {
    const { interest, core } = this.#opened();
    return !interest.isPending && core.known.by >= core.known.of;
  }

  #checkWaiters(): void {
    this.#waiters.check(this.#isKnown(), this.clock.monotonicMs());
    const { nextDueMs } = this.#waiters;
    if (nextDueMs === undefined) this.#waitersAlarm.clear();
    else this.#waitersAlarm.set(nextDueMs);
  }

  #opened(): Running {
    if (this.#running === undefined) throw new Error('membership is used before it was opened');
    return this.#running;
  }
}
