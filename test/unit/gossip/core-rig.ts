import { GossipCore } from '../../../src/gossip/dissemination/gossip-core.js';
import type { GossipFrame } from '../../../src/gossip/bundles/gossip-frames.js';
import type { GossipInput, GossipOutput, GossipTimer } from '../../../src/gossip/dissemination/gossip-protocol.js';
import type { StreamExtent } from '../../../src/gossip/store/bundle-store.js';
import type { NodeId } from '../../../src/peers/node-id.js';
import { Random } from '../../../src/runtime/random.js';
import type { TestBundle } from './arbitraries.js';
import { TestDirectory } from './test-directory.js';

type Output = GossipOutput<TestBundle>;
type OutputOf<T extends Output['type']> = Extract<Output, { type: T }>;

/** A gossip core of one node, linked to its peers, with time in the hands of the test. */
export class CoreRig {
  readonly directory: TestDirectory;
  readonly core: GossipCore<TestBundle>;
  readonly outputs: Output[] = [];
  /** Peers whose clocks are not known yet. */
  readonly unmeasured = new Set<NodeId>();
  nowMs = 0;
  /** What the log answers when it is asked for the last seq before any time. */
  seqBefore = 0;
  readonly #timers: { readonly timer: GossipTimer; readonly dueMs: number }[] = [];

  constructor(self: NodeId, peers: readonly NodeId[], extents: readonly StreamExtent[] = []) {
    this.directory = new TestDirectory([self, ...peers]);
    const localTimeOf = (peer: NodeId, theirWallMs: number) => (this.unmeasured.has(peer) ? undefined : theirWallMs);
    const world = { seqBefore: () => this.seqBefore, localTimeOf };
    this.core = new GossipCore<TestBundle>(self, this.directory, world, new Random(1));
    this.handle({ type: 'restored', extents });
    for (const peer of peers) this.handle({ type: 'linkUp', peer });
  }

  want(id: NodeId, topic: string, sinceMs = 1): void {
    this.directory.want(id, topic, sinceMs);
    this.handle({ type: 'directoryChanged' });
  }

  handle(input: GossipInput<TestBundle>): void {
    for (const output of this.core.handle(input, this.nowMs)) {
      this.outputs.push(output);
      if (output.type === 'schedule') this.#timers.push({ timer: output.timer, dueMs: this.nowMs + output.afterMs });
    }
  }

  /** A frame of a peer; those that are not for the core are left out. */
  frame(peer: NodeId, frame: GossipFrame): void {
    switch (frame.type) {
      case 'data':
      case 'record':
      case 'keyRequest':
      case 'keyGrant':
      case 'relayedKeyRequest':
      case 'relayedKeyGrant':
        return;
      default:
        this.handle({ type: 'frame', peer, frame });
    }
  }

  received(peer: NodeId, bundle: TestBundle, how: { start?: number; isRepair?: boolean } = {}): void {
    this.handle({ type: 'received', peer, bundle, start: how.start, isRepair: how.isRepair ?? false });
  }

  /** Lets time pass, and timers ring. */
  run(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      this.#timers.sort((a, b) => a.dueMs - b.dueMs);
      const [next] = this.#timers;
      if (next === undefined || next.dueMs > endMs) break;
      this.#timers.shift();
      this.nowMs = next.dueMs;
      this.handle({ type: 'timer', timer: next.timer });
    }
    this.nowMs = endMs;
  }

  all<T extends Output['type']>(type: T): OutputOf<T>[] {
    return this.outputs.filter((output): output is OutputOf<T> => output.type === type);
  }

  sent(): OutputOf<'send'>[] {
    return this.all('send');
  }

  /** The frames of one kind that a peer was sent. */
  framesTo<T extends GossipFrame['type']>(peer: NodeId, type: T): Extract<GossipFrame, { type: T }>[] {
    return this.sent().flatMap((output) =>
      output.peer === peer && output.frame.type === type ? [output.frame as Extract<GossipFrame, { type: T }>] : [],
    );
  }
}
