import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LANE_BYTES_MAX } from '../../src/peers/links/link-queue.js';
import { FRAME_BYTES_MAX } from '../../src/peers/links/links.js';
import type { LinkNode, LinkWorld } from './link-node.js';
import { memoryWorld, socketWorld } from './link-worlds.js';

describe.each([
  { name: 'in memory', worldOf: memoryWorld },
  { name: 'over Socket.IO', worldOf: socketWorld },
])('links $name', ({ worldOf }) => {
  let world: LinkWorld;

  beforeEach(() => {
    world = worldOf();
  });

  afterEach(() => world.close());

  async function startLinked(): Promise<{ a: LinkNode; b: LinkNode }> {
    const [a, b] = [await world.start('A'), await world.start('B')];
    a.links.keep(b.url);
    await Promise.all([untilUp(a, b), untilUp(b, a)]);
    return { a, b };
  }

  function untilUp(node: LinkNode, peer: LinkNode): Promise<void> {
    return node.seen.until(() => node.links.linked().includes(peer.id));
  }

  it('bring a kept URL up at both ends, each with the record of the other', async () => {
    const { a, b } = await startLinked();
    expect(a.links.linked()).toEqual([b.id]);
    expect(b.links.linked()).toEqual([a.id]);
    expect(a.seen.peers[0]?.record).toMatchObject({ id: b.id, name: 'B', url: b.url });
    expect(b.seen.peers[0]?.record).toMatchObject({ id: a.id, name: 'A', url: a.url });
    expect(a.seen.peers[0]?.recordJws).not.toBe('');
  });

  it('keep one link when both ends dial at the same time, and carry frames both ways', async () => {
    const [a, b] = [await world.start('A'), await world.start('B')];
    a.links.keep(b.url);
    b.links.keep(a.url);
    a.links.keep(b.url);
    await Promise.all([untilUp(a, b), untilUp(b, a)]);
    // Frames sent into the losing link may be lost with it: send until one has come through each way.
    const send = (from: LinkNode, to: LinkNode): void => void from.links.send(to.id, 'data', Buffer.from('hello'));
    const resend = [a, b].map((node) => node.seen.until(() => node.seen.frames.length > 0));
    const repeat = setInterval(() => {
      send(a, b);
      send(b, a);
    }, 5);
    await Promise.all(resend);
    clearInterval(repeat);
    expect(a.links.linked()).toEqual([b.id]);
    expect(b.links.linked()).toEqual([a.id]);
  });

  it.each(['control', 'data', 'repair'] as const)(
    'deliver the frames of the %s lane whole and in order',
    async (lane) => {
      const { a, b } = await startLinked();
      const sent = Array.from({ length: 500 }, (_, index) => `${index} ${'x'.repeat((index * 37) % 3_000)}`);
      for (const text of sent) expect(a.links.send(b.id, lane, Buffer.from(text))).toBe(true);
      await b.seen.until(() => b.seen.frames.length === sent.length);
      expect(b.seen.texts()).toEqual(sent);
      expect(b.seen.frames.every(({ peer }) => peer === a.id)).toBe(true);
    },
  );

  it('let control overtake data that was queued in the same turn', async () => {
    const { a, b } = await startLinked();
    a.links.send(b.id, 'data', Buffer.from('data'));
    a.links.send(b.id, 'repair', Buffer.from('repair'));
    a.links.send(b.id, 'control', Buffer.from('control'));
    await b.seen.until(() => b.seen.frames.length === 3);
    expect(b.seen.texts()).toEqual(['control', 'data', 'repair']);
  });

  it('carry the largest frame, and hold a larger one for a mistake of the caller', async () => {
    const { a, b } = await startLinked();
    const largest = Buffer.alloc(FRAME_BYTES_MAX, 'largest');
    expect(a.links.send(b.id, 'data', largest)).toBe(true);
    await b.seen.until(() => b.seen.frames.length === 1);
    expect(b.seen.frames[0]?.frame.equals(largest)).toBe(true);
    expect(() => a.links.send(b.id, 'data', Buffer.alloc(FRAME_BYTES_MAX + 1))).toThrow(RangeError);
  });

  it('know when something came last, and what was sent does not count', async () => {
    const { a, b } = await startLinked();
    const [before, sender] = [b.links.heardMs(a.id)!, a.links.heardMs(b.id)];
    a.links.send(b.id, 'data', Buffer.from('hello'));
    await b.seen.until(() => b.seen.frames.length > 0);
    expect(b.links.heardMs(a.id)).toBeGreaterThan(before);
    expect([a.links.heardMs(b.id), a.links.heardMs('nobody')]).toEqual([sender, undefined]);
  });

  it('refuse what goes to a node without a link', async () => {
    const [a, b] = [await world.start('A'), await world.start('B')];
    expect(a.links.send(b.id, 'control', Buffer.from('x'))).toBe(false);
    expect(a.links.bufferedBytes(b.id)).toBe(0);
    expect(a.links.linked()).toEqual([]);
  });

  it.each(['who dialled', 'who was dialled'])(
    'refuse data above the bound of its lane to %s, and deliver all that was taken',
    async (who) => {
      const { a, b } = await startLinked();
      const [from, to] = who === 'who dialled' ? [b, a] : [a, b];
      const frame = Buffer.alloc(256 * 1024);
      let taken = 0;
      while (from.links.send(to.id, 'data', frame)) taken++;
      expect(taken * frame.length).toBeLessThanOrEqual(LANE_BYTES_MAX.data);
      expect(from.links.bufferedBytes(to.id)).toBe(taken * frame.length);
      await to.seen.until(() => to.seen.frames.length === taken);
      expect(from.links.linked()).toEqual([to.id]);
      await expect.poll(() => from.links.bufferedBytes(to.id)).toBe(0);
    },
  );

  it.each(['who dialled', 'who was dialled'])(
    'carry to %s what is sent whenever there is room, to the end',
    async (who) => {
      const { a, b } = await startLinked();
      const [from, to] = who === 'who dialled' ? [b, a] : [a, b];
      const frame = Buffer.alloc(64 * 1024);
      const count = 600;
      for (let sent = 0; sent < count;) {
        if (from.links.send(to.id, 'data', frame)) sent++;
        else await new Promise((resolve) => setImmediate(resolve));
      }
      await to.seen.until(() => to.seen.frames.length === count);
      expect(from.links.linked()).toEqual([to.id]);
    },
  );

  it('end a link whose control lane is full, as its peer would otherwise be misjudged', async () => {
    const { a, b } = await startLinked();
    const frame = Buffer.alloc(256 * 1024);
    while (a.links.send(b.id, 'control', frame));
    await b.seen.until(() => b.seen.events.some(({ type }) => type === 'down'));
    expect(a.seen.events).toContainEqual({ type: 'down', peer: b.id, reason: 'overflow' });
  });

  it('tell both ends why a link was closed, and bring it up again', async () => {
    const { a, b } = await startLinked();
    b.links.close(a.id, 'stale');
    for (const node of [a, b]) await node.seen.until(() => node.seen.events.length === 3);
    expect(a.seen.events).toEqual([
      { type: 'up', peer: b.id },
      { type: 'down', peer: b.id, reason: 'stale' },
      { type: 'up', peer: b.id },
    ]);
    expect(b.seen.events).toEqual([
      { type: 'up', peer: a.id },
      { type: 'down', peer: a.id, reason: 'stale' },
      { type: 'up', peer: a.id },
    ]);
  });

  it('go on dialling a URL until somebody is there', async () => {
    const url = await world.freeUrl();
    const a = await world.start('A');
    a.links.keep(url);
    const b = await world.start('B', url);
    await Promise.all([untilUp(a, b), untilUp(b, a)]);
    expect(a.links.linked()).toEqual([b.id]);
  });

  it('notice a node that shuts down, and find it again when it is back', async () => {
    const { a, b } = await startLinked();
    await b.close();
    await a.seen.until(() => a.links.linked().length === 0);
    expect(a.seen.events.at(-1)).toEqual({ type: 'down', peer: b.id, reason: 'shutdown' });
    const again = await world.start('B', b.url);
    await untilUp(a, again);
    expect(a.links.linked()).toEqual([again.id]);
  });

  it('link many nodes in pairs', async () => {
    const nodes = [await world.start('A'), await world.start('B'), await world.start('C'), await world.start('D')];
    for (const node of nodes) for (const other of nodes) if (other !== node) node.links.keep(other.url);
    await Promise.all(nodes.map((node) => node.seen.until(() => node.links.linked().length === 3)));
    for (const node of nodes) {
      const others = nodes.filter((other) => other !== node).map((other) => other.id);
      expect([...node.links.linked()].sort()).toEqual(others.sort());
    }
  });
});
