import type { Directory } from './directory.js';
import type { CountsByName } from '../links/link-counters.js';
import type { MembershipCore } from './membership.js';
import type { MembershipInput } from './membership-ports.js';
import type { NodeId } from '../node-id.js';
import { decodePeerFrame } from './peer-frame-codec.js';
import { StatementIntake } from './statement-intake.adapter.js';
import type { StatementSignatures, Verified } from './statement-signatures.service.js';

/** What the frames of peers are held against, and where they go. */
export interface IntakeWorld {
  readonly directory: Directory;
  readonly core: MembershipCore;
  readonly signatures: StatementSignatures;
  wallMs(): number;
  nowMs(): number;
  feed(input: MembershipInput): void;
}

/** Decodes what peers send, and lets only what is verified into the membership core. */
export class PeerFrameIntake {
  readonly #statements: StatementIntake;

  constructor(private readonly world: IntakeWorld) {
    this.#statements = new StatementIntake(() => world.nowMs());
  }

  receive(peer: NodeId, bytes: Buffer, refused: CountsByName): void {
    const frame = decodePeerFrame(bytes);
    if (!frame.ok) return refused.add(frame.reason);
    const { signatures, directory, core } = this.world;
    const inOrder = (size: number, verify: () => Verified | Promise<Verified>): void => {
      const statement = { bytes: size, verify: async () => this.#take(peer, await verify(), refused) };
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
          inOrder(segment.length, () => signatures.verifySegment(peer, segment, directory));
        }
        return;
      case 'known':
      case 'sync-page':
      case 'sync-request':
      case 'sync-told': {
        const input = { type: 'frame', peer, frame: value, wallMs: this.world.wallMs() } as const;
        return inOrder(bytes.length, () => ({ input }));
      }
      case 'ping':
      case 'ack':
      case 'ping-request':
      case 'ping-result':
        // Probes overtake: how long verifying takes says nothing about who is alive.
        return this.world.feed({ type: 'frame', peer, frame: value, wallMs: this.world.wallMs() });
    }
  }

  #take(peer: NodeId, verified: Verified, refused: CountsByName): void {
    if (verified.input !== undefined) this.world.feed(verified.input);
    if (verified.refused !== undefined) refused.add(verified.refused);
    // Statements may overtake the record of the node that made them when a link is young.
    if (verified.stranger !== undefined) this.world.feed({ type: 'stranger', from: peer, id: verified.stranger });
  }
}
