import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/start-node.js';
import { post, request, startApiNode } from './api-node.js';
import { EventReader, type StreamEvent } from './event-reader.js';

const messagesIn = (events: readonly StreamEvent[]): unknown[] =>
  events.map(({ data }) => (data as { message: unknown }).message);

describe('GET /stream', () => {
  let node: RunningNode;

  beforeAll(async () => {
    node = await startApiNode('A');
  });

  afterAll(() => node.close());

  it('sends what is published from now on, each message with a cursor', async () => {
    await post(node, '/publish', { topic: 'live.one', message: 'before' });
    const reader = new EventReader();
    const response = await reader.open(node, 'topic=live.*');
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('cache-control')).toContain('no-store');
    await post(node, '/publish', [
      { topic: 'live.one', message: 1 },
      { topic: 'live.two', message: { two: 2 } },
    ]);
    const events = await reader.take(2);
    expect(messagesIn(events)).toEqual(expect.arrayContaining([1, { two: 2 }]));
    expect(events[0]).toMatchObject({ id: expect.any(String), data: { publisher: 'A', seq: expect.any(Number) } });
    reader.close();
  });

  it('resumes after the last event without hole or repeat, and says that all was still there', async () => {
    const first = new EventReader();
    await first.open(node, 'topic=resumed');
    await post(
      node,
      '/publish',
      [1, 2, 3].map((message) => ({ topic: 'resumed', message })),
    );
    const [, second] = await first.take(2);
    first.close();
    await post(node, '/publish', { topic: 'resumed', message: 4 });
    const again = new EventReader();
    await again.open(node, 'topic=resumed', { 'last-event-id': second?.id ?? '' });
    await post(node, '/publish', { topic: 'resumed', message: 5 });
    expect(await again.next()).toMatchObject({ event: 'recovered', data: { recovered: true } });
    expect(messagesIn(await again.take(3))).toEqual([3, 4, 5]);
    again.close();
  });

  it('resumes where it began when not one event was received', async () => {
    await post(node, '/subscribe', { topic: 'silent' });
    const first = new EventReader();
    await first.open(node, 'topic=silent');
    await post(node, '/publish', { topic: 'silent', message: 'missed' });
    await first.next();
    const again = new EventReader();
    await again.open(node, `topic=silent&after=${first.start}`);
    await again.next();
    expect(messagesIn(await again.take(1))).toEqual(['missed']);
    first.close();
    again.close();
  });

  it('begins with what is retained when asked to', async () => {
    await post(node, '/publish', [
      { topic: 'chat', message: 'old' },
      { topic: 'chat', message: 'older' },
    ]);
    const reader = new EventReader();
    await reader.open(node, 'topic=chat&after=retained');
    expect(await reader.next()).toMatchObject({ event: 'recovered' });
    expect(messagesIn(await reader.take(2))).toEqual(['old', 'older']);
    reader.close();
  });

  it('ends the interest that a client gave the node with the client', async () => {
    const reader = new EventReader();
    await reader.open(node, 'topic=short.lived');
    expect((await request(node, '/topics/short.lived/subscribers')).body).toMatchObject({ items: [{ clients: 1 }] });
    reader.close();
    await expect
      .poll(async () => (await request(node, '/topics/short.lived/subscribers')).body)
      .toMatchObject({ items: [{ clients: 0 }] });
  });

  it('answers HEAD without a stream', async () => {
    const response = await fetch(`${node.url}/stream?topic=chat`, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  });

  it('cuts a client that does not read, and the others do not notice', async () => {
    const { hostname, port } = new URL(node.url);
    const deaf = connect(Number(port), hostname);
    deaf.on('error', () => undefined);
    deaf.pause();
    deaf.write('GET /stream?topic=flood HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const reader = new EventReader();
    await reader.open(node, 'topic=flood');
    const cutBefore = await cutStreams(node);
    await expect
      .poll(async () => (await request(node, '/topics/flood/subscribers')).body)
      .toMatchObject({ items: [{ clients: 2 }] });
    const message = 'x'.repeat(200_000);
    let received = 0;
    while ((await cutStreams(node)) === cutBefore && received < 400) {
      await post(
        node,
        '/publish?ack=1',
        Array.from({ length: 4 }, () => ({ topic: 'flood', message })),
      );
      received += (await reader.take(4)).length;
    }
    expect(received).toBeLessThan(400);
    expect(await cutStreams(node)).toBe(cutBefore + 1);
    await post(node, '/publish', { topic: 'flood', message: 'last' });
    expect(messagesIn(await reader.take(1))).toEqual(['last']);
    reader.close();
    deaf.destroy();
  });
});

async function cutStreams(node: RunningNode): Promise<number> {
  const { body } = await request(node, '/metrics');
  return Number(/grapevine_clients_cut_total\{kind="stream"\} (\d+)/.exec(String(body['text']))?.[1]);
}

it('a node that drains tells its event streams and ends them', async () => {
  const node = await startApiNode('A');
  const reader = new EventReader();
  await reader.open(node, 'topic=chat');
  const closed = node.close();
  expect(await reader.next()).toMatchObject({ event: 'draining', data: { retryAfterMs: expect.any(Number) } });
  expect(await reader.next()).toBeUndefined();
  await closed;
});
