import { ExpiringMap } from '../../runtime/expiring-map.js';
import { type Allowance, TokenBucket } from '../../runtime/token-bucket.js';
import type { Directory } from './directory.js';
import type { CountsByName } from '../links/link-counters.js';
import type { MembershipCore } from './membership.js';
import type { MembershipInput } from './membership-ports.js';
import type { NodeId } from '../node-id.js';
import type { Misbehaviour } from '../quarantine/misbehaviour.js';
import { decodePeerFrame } from './peer-frame-codec.js';
import { StatementIntake, type StatementWorld } from './statement-intake.adapter.js';
import type { StatementSignatures, Verified } from './statement-signatures.service.js';

/** What the frames of peers are held against, and where they go. */
export interface IntakeWorld extends StatementWorld {
  readonly directory: Directory;
  readonly core: MembershipCore;
  readonly signatures: StatementSignatures;
  wallMs(): number;
  feed(input: MembershipInput): void;
  misbehaved(peer: NodeId, misbehaviour: Misbehaviour): void;
}

/** Of a statement of interest, so much takes as long as verifying another statement: there is a pattern in each dozen bytes. */
const INTEREST_BYTES_PER_COST = 512;

/** Showing and answering tables takes as long as verifying so many statements. */
const TABLE_COST = 16;

/** Probes that are answered per peer; a healthy one sends a few a second, and some hundreds after it stood still. */
const PROBES_PER_PEER: Allowance = { burst: 1_024, perSecond: 256 };

/** Decodes what peers send, and lets only what is verified into the membership core. */
export class PeerFrameIntake {
  readonly #statements: StatementIntake;
  readonly #probes = new ExpiringMap<NodeId, TokenBucket>({ keptMs: 60_000, sizeMax: 4_096 });

  constructor(private readonly world: IntakeWorld) {
    this.#statements = new StatementIntake(world);
  }

  /** Goes on with statements that had to wait. */
  wake(): void {
    this.#statements.wake();
  }

  receive(peer: NodeId, bytes: Buffer, refused: CountsByName): void {
    const frame = decodePeerFrame(bytes);
    if (!frame.ok) {
      refused.add(frame.reason);
      return this.world.misbehaved(peer, 'malformed-frame');
    }
    const { signatures, directory, core } = this.world;
    const inOrder = (size: number, verify: () => Verified | Promise<Verified>, cost = 1): void => {
      const statement = { bytes: size, cost, verify: async () => this.#take(peer, await verify(), refused) };
      if (!this.#statements.add(peer, statement)) refused.add('too-many-statements');
    };
    const { value } = frame;
    // What waits or is kept is copied: a view would keep the whole record alive that it came in.
    switch (value.type) {
      case 'records':
        for (const item of value.items) inOrder(item.jws.length, () => signatures.verifyRecord(peer, item, directory));
        return;
      case 'accusations':
        for (const view of value.accusations) {
          const accusation = { ...view, signature: Buffer.from(view.signature) };
          inOrder(bytes.length / value.accusations.length, () =>
            core.isAccusationNews(accusation) ? signatures.verifyAccusation(peer, accusation, directory) : {},
          );
        }
        return;
      case 'segments':
        for (const view of value.segments) {
          const segment = Buffer.from(view);
          const verify = (): Verified => signatures.verifySegment(peer, segment, directory);
          inOrder(segment.length, verify, 1 + Math.floor(segment.length / INTEREST_BYTES_PER_COST));
        }
        return;
      case 'known':
      case 'sync-page':
      case 'sync-request':
      case 'sync-told': {
        const input = { type: 'frame', peer, frame: value, wallMs: this.world.wallMs() } as const;
        return inOrder(bytes.length, () => ({ input }), value.type === 'known' ? 1 : TABLE_COST);
      }
      case 'ping':
      case 'ack':
      case 'ping-request':
      case 'ping-result':
        // Probes overtake: how long verifying takes says nothing about who is alive.
        if (!this.#isProbeAllowed(peer)) return refused.add('too-many-probes');
        return this.world.feed({ type: 'frame', peer, frame: value, wallMs: this.world.wallMs() });
    }
  }

  /** The allowance of a peer is forgotten long after it is whole again. */
  #isProbeAllowed(peer: NodeId): boolean {
    const nowMs = this.world.nowMs();
    const allowance = this.#probes.get(peer, nowMs) ?? new TokenBucket(PROBES_PER_PEER, nowMs);
    this.#probes.set(peer, allowance, nowMs);
    return allowance.take(1, nowMs);
  }

  #take(peer: NodeId, verified: Verified, refused: CountsByName): void {
    if (verified.input !== undefined) this.world.feed(verified.input);
    if (verified.refused !== undefined) refused.add(verified.refused);
    if (verified.misbehaviour !== undefined) this.world.misbehaved(peer, verified.misbehaviour);
    // Statements may overtake the record of the node that made them when a link is young.
    if (verified.stranger !== undefined) this.world.feed({ type: 'stranger', from: peer, id: verified.stranger });
  }
}
