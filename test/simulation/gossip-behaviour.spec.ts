import { describe, expect, it } from 'vitest';
import type { Stream } from '../../src/gossip/bundles/stream.js';
import { missingAtSurvivors } from './checkers/all-survivors.js';
import { OnceInOrder } from './checkers/once-in-order.js';
import type { SimulatedBundle } from './memory-log.js';
import type { GossipNode } from './gossip-node.js';
import { witnessOf, World } from './world.js';

describe('gossip in a calm cluster', () => {
  it('sends one copy to each interested node and none to the others', () => {
    const rig = new Rig(4);
    rig.want({ chat: [0, 1, 2, 3], news: [1, 2] });
    for (let at = 0; at < 100; at++) {
      rig.world.at(at % 4).publish('chat');
      rig.world.at(0).publish('news');
      rig.run(20);
    }
    rig.run(5_000);
    expect(rig.copies('chat')).toBe(100 * 3);
    expect(rig.copies('news')).toBe(100 * 2);
    expect(rig.copiesTo(3, 'news')).toBe(0);
    expect(rig.repairs).toBe(0);
    expect(rig.problems()).toEqual([]);
  });

  it('says that a message is in the logs of all when it is', () => {
    const rig = new Rig(4);
    rig.want({ chat: [1, 2, 3] });
    const { stream, lastSeq } = rig.world.at(0).publish('chat');
    rig.world.at(0).handle({ type: 'await', id: 7, stream: stream.id, seq: lastSeq, level: 'all' });
    expect(rig.world.at(0).reached.has(7)).toBe(false);
    rig.run(50);
    expect(rig.world.at(0).reached.get(7)).toMatchObject({ confirmed: 4, of: 4 });
    for (const at of [0, 1, 2, 3]) expect(rig.world.at(at).log.extent(stream.id)?.frontier).toBe(lastSeq);
  });

  it('delivers to a new subscriber what was published since it subscribed, also by publishers that did not know yet', () => {
    const rig = new Rig(3);
    rig.want({ chat: [1] });
    rig.world.at(0).publish('chat');
    rig.run(100);
    const since = rig.world.wallMs;
    rig.world.at(2).membership.want([{ pattern: 'chat', sinceMs: since }]);
    const { stream } = rig.world.at(0).publish('chat');
    rig.run(1_000);
    expect(rig.deliveredTo(2, stream.id)).toEqual([2]);
  });

  it('gives all that is retained to one who asks for it', () => {
    const rig = new Rig(3);
    rig.want({ chat: [1] });
    const { stream } = rig.world.at(0).publish('chat', 5);
    rig.run(100);
    rig.world.at(2).membership.want([{ pattern: 'chat', sinceMs: 0 }]);
    rig.run(2_500);
    expect(rig.world.at(2).log.extent(stream.id)).toMatchObject({ floor: 0, frontier: 5 });
  });

  it('pulls older history below the floor when the interest is extended to the past', () => {
    const rig = new Rig(3);
    rig.want({ chat: [1] });
    const { stream } = rig.world.at(0).publish('chat', 5);
    rig.run(100);
    rig.world.at(2).membership.want([{ pattern: 'chat', sinceMs: rig.world.wallMs }]);
    rig.run(200);
    rig.world.at(0).publish('chat');
    rig.run(200);
    expect(rig.world.at(2).log.extent(stream.id)).toMatchObject({ floor: 5, frontier: 6 });
    rig.world.at(2).membership.want([{ pattern: 'chat', sinceMs: 0 }]);
    rig.run(2_500);
    expect(rig.world.at(2).log.extent(stream.id)).toMatchObject({ floor: 0, frontier: 6 });
    expect(rig.world.at(2).log.isWhole(stream.id)).toBe(true);
    expect(rig.deliveredTo(2, stream.id)).toEqual([6]);
  });

  it('begins anew when interest was lost and came back', () => {
    const rig = new Rig(2);
    rig.want({ chat: [1] });
    rig.world.at(0).publish('chat');
    rig.run(200);
    rig.world.at(1).membership.want([]);
    rig.run(500);
    rig.world.at(0).publish('chat');
    rig.run(500);
    rig.world.at(1).membership.want([{ pattern: 'chat', sinceMs: rig.world.wallMs }]);
    rig.run(500);
    const { stream } = rig.world.at(0).publish('chat');
    rig.run(1_000);
    expect(rig.deliveredTo(1, stream.id)).toEqual([1, 3]);
    expect(rig.world.at(1).log.extent(stream.id)).toMatchObject({ floor: 2, frontier: 3 });
  });
});

describe('gossip in trouble', () => {
  it('heals a partition of AB and CD that both published in, within 10 s', () => {
    const rig = new Rig(4);
    rig.want({ chat: [0, 1, 2, 3] });
    const [a, b, c, d] = rig.world.ids as [string, string, string, string];
    rig.world.network.partition([
      [a, b],
      [c, d],
    ]);
    for (let at = 0; at < 300; at++) {
      rig.world.at(at % 4).publish('chat');
      rig.run(100);
    }
    rig.world.network.healAll();
    expect(rig.wholeWithin(10_000)).toBe(true);
    expect(rig.problems()).toEqual([]);
  });

  it('gives a node that was killed all it missed within 5 s of its restart', () => {
    const rig = new Rig(4);
    rig.want({ chat: [0, 1, 2, 3] });
    const [, , , d] = rig.world.ids as [string, string, string, string];
    rig.world.crash(d);
    rig.run(3_000);
    for (let at = 0; at < 2_000; at++) rig.world.at(at % 3).publish('chat');
    rig.run(1_000);
    rig.world.restart(d);
    rig.want({ chat: [0, 1, 2, 3] });
    expect(rig.wholeWithin(5_000)).toBe(true);
  });

  it('spreads what one survivor has of a publisher that died', () => {
    const rig = new Rig(4);
    rig.want({ chat: [1, 2, 3] });
    const [a, b, c, d] = rig.world.ids as [string, string, string, string];
    rig.world.at(0).publish('chat');
    rig.run(500);
    rig.world.network.cut(a, c, { breaks: true });
    rig.world.network.cut(a, d, { breaks: true });
    const { stream } = rig.world.at(0).publish('chat', 10);
    rig.run(5);
    rig.world.crash(a);
    expect(rig.world.node(b).log.extent(stream.id)?.frontier).toBe(11);
    expect(rig.wholeWithin(3_000)).toBe(true);
  });

  it('reaches a node that has lost its link to the publisher through another one', () => {
    const rig = new Rig(4);
    rig.want({ chat: [2] });
    const [a, , c] = rig.world.ids as [string, string, string, string];
    rig.world.network.cut(a, c, { breaks: true });
    rig.run(4_000);
    const { stream, lastSeq } = rig.world.at(0).publish('chat');
    rig.world.at(0).handle({ type: 'await', id: 1, stream: stream.id, seq: lastSeq, level: 'all' });
    rig.run(1_000);
    expect(rig.deliveredTo(2, stream.id)).toEqual([1]);
    expect(rig.world.at(0).reached.get(1)).toMatchObject({ confirmed: 2, of: 2 });
    rig.world.at(0).publish('chat');
    rig.run(10);
    expect(rig.deliveredTo(2, stream.id)).toEqual([1, 2]);
    rig.world.network.heal(a, c);
    rig.run(2_000);
    const before = rig.copies('chat');
    rig.world.at(0).publish('chat');
    rig.run(1_000);
    expect(rig.copies('chat') - before).toBe(1);
    expect(rig.deliveredTo(2, stream.id)).toEqual([1, 2, 3]);
  });

  it('does not let a receiver that stands still hold up the others, and catches it up afterwards', () => {
    const rig = new Rig(3);
    rig.want({ chat: [1, 2] });
    rig.world.network.pause(rig.world.ids[2]!);
    let stream = '';
    for (let at = 0; at < 200; at++) {
      stream = rig.world.at(0).publish('chat').stream.id;
      rig.run(10);
    }
    expect(rig.world.at(0).core.hasRoom).toBe(true);
    expect(rig.deliveredTo(1, stream)).toHaveLength(200);
    rig.world.network.resume(rig.world.ids[2]!);
    expect(rig.wholeWithin(5_000)).toBe(true);
    const before = rig.copiesTo(2, 'chat');
    rig.world.at(0).publish('chat');
    rig.run(300);
    expect(rig.copiesTo(2, 'chat')).toBe(before + 1);
  });

  it('tells a gap when nobody has what was missed, and goes on behind it', () => {
    const rig = new Rig(2);
    rig.want({ chat: [1] });
    const publisher = rig.world.at(0);
    const { stream } = publisher.publish('chat');
    rig.run(200);
    const [a, b] = rig.world.ids as [string, string];
    rig.world.network.cut(a, b, { breaks: true });
    for (let at = 0; at < 5; at++) publisher.publish('chat');
    rig.run(200);
    for (let left = 4; left > 0; left--) {
      publisher.handle({ type: 'floorMoved', stream: stream.id, floor: publisher.log.dropOldest(stream.id)! });
    }
    rig.world.network.heal(a, b);
    rig.run(6_000);
    expect(rig.gaps).toEqual(['2-4']);
    expect(rig.deliveredTo(1, stream.id)).toEqual([1, 5, 6]);
  });

  it('starts over from what its disk holds when all nodes were killed at once', () => {
    const rig = new Rig(4);
    rig.want({ chat: [0, 1, 2, 3] });
    for (let at = 0; at < 40; at++) rig.world.at(at % 4).publish('chat');
    rig.run(1_000);
    for (const id of rig.world.ids) rig.world.crash(id);
    rig.run(1_000);
    for (const id of rig.world.ids) rig.world.restart(id);
    rig.want({ chat: [0, 1, 2, 3] });
    expect(rig.wholeWithin(5_000)).toBe(true);
    expect(rig.world.at(0).log.extents()).toHaveLength(4);
    expect(rig.repairs).toBe(0);
  });
});

class Rig {
  readonly #order = new OnceInOrder();
  readonly #deliveries: { node: string; stream: string; seq: number }[] = [];
  readonly #copies: { peer: string; topic: string }[] = [];
  readonly gaps: string[] = [];
  readonly world: World;

  constructor(size: number) {
    const witness = witnessOf({
      delivered: (node, bundle, fromSeq) => this.#saw(node, bundle, fromSeq),
      gap: (_node, gap) => this.gaps.push(`${gap.from}-${gap.to}`),
      pushed: (_node, peer, bundle) => this.#copies.push({ peer, topic: bundle.stream.topic }),
      repaired: () => this.repairs++,
    });
    this.world = new World(size, 1, witness);
    this.run(2_000);
  }

  repairs = 0;

  run(ms: number): void {
    this.world.time.run(this.world.time.nowMs + ms);
  }

  want(topics: Readonly<Record<string, readonly number[]>>): void {
    this.world.ids.forEach((id, at) => {
      const entries = Object.entries(topics).filter(([, nodes]) => nodes.includes(at));
      this.world.node(id).membership.want(entries.map(([pattern]) => ({ pattern, sinceMs: 1 })));
    });
    this.run(500);
  }

  copies(topic: string): number {
    return this.#copies.filter((copy) => copy.topic === topic).length;
  }

  copiesTo(index: number, topic: string): number {
    return this.#copies.filter((copy) => copy.topic === topic && copy.peer === this.world.ids[index]).length;
  }

  deliveredTo(index: number, stream: string): number[] {
    return this.#deliveries
      .filter((delivery) => delivery.node === this.world.ids[index] && delivery.stream === stream)
      .map(({ seq }) => seq);
  }

  problems(): string[] {
    return [...this.#order.problems, ...missingAtSurvivors(this.world, missingFromTheLog)];
  }

  wholeWithin(limitMs: number): boolean {
    return this.world.time.runUntil(() => this.problems().length === 0, this.world.time.nowMs + limitMs, 50);
  }

  #saw(node: GossipNode, bundle: SimulatedBundle, fromSeq: number): void {
    this.#order.sawDelivery(node, bundle, fromSeq);
    for (let seq = fromSeq; seq <= bundle.lastSeq; seq++) {
      this.#deliveries.push({ node: node.id, stream: bundle.stream.id, seq });
    }
  }
}

/** All of each stream is wanted, and to be found in the log. */
function missingFromTheLog(node: GossipNode, stream: Stream): { after: number; upTo: number } {
  return { after: 0, upTo: node.log.extent(stream.id)?.floor ?? Infinity };
}
