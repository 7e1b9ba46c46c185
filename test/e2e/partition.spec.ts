import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './eventually.js';
import { expectOnceAndInOrder, LocalCluster, valuesAt } from './local-cluster.js';
import { MeshProxy } from './mesh-proxy.js';
import type { NodeProcess } from './node-process.js';

const CUT_MS = 30_000;
const HEALED_WITHIN_MS = 10_000;
const PUBLISH_EVERY_MS = 20;

describe.skipIf(platform() !== 'linux')('two halves that lose each other', () => {
  let mesh: MeshProxy;
  let cluster: LocalCluster;

  beforeEach(async () => {
    mesh = new MeshProxy();
    cluster = await LocalCluster.start({
      advertise: (name, port) => mesh.open(name, port),
      launched: (name, pid) => mesh.identify(name, pid),
    });
  });

  afterEach(async () => {
    await cluster.stop();
    await mesh.close();
  });

  it('go on publishing on both sides, and have all of it once, soon after they meet again', async () => {
    const [a, , c] = cluster.nodes as [NodeProcess, NodeProcess, NodeProcess];
    mesh.cut(['A', 'B'], ['C', 'D']);
    const published = (await Promise.all([publishFor(a, CUT_MS), publishFor(c, CUT_MS)])).flat().toSorted();
    expect((await a.status()).cluster).toMatchObject({ size: 2, state: 'degraded' });
    expect((await c.status()).cluster).toMatchObject({ size: 2, state: 'degraded' });
    mesh.heal();
    await eventually(async () => {
      for (const node of cluster.nodes) expect(await valuesAt(node, 'chat')).toEqual(published);
    }, HEALED_WITHIN_MS);
    for (const node of cluster.nodes) expectOnceAndInOrder(await node.messages('chat'));
    await cluster.settled();
  });
});

/** Publishes at a steady pace, and returns what was accepted. */
async function publishFor(node: NodeProcess, durationMs: number): Promise<string[]> {
  const endMs = performance.now() + durationMs;
  const published: string[] = [];
  while (performance.now() < endMs) {
    const message = `${node.name} ${published.length}`;
    const { status } = await node.post('/publish', { topic: 'chat', message });
    expect(status).toBe(202);
    published.push(message);
    await sleep(PUBLISH_EVERY_MS);
  }
  return published;
}
