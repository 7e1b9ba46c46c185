import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/index.js';
import { request, startApiNode } from './api-node.js';
import { EventReader } from './event-reader.js';

/** The first message is read, the next ones are lost, and the last ones are kept. */
const LOST = ['lost 2', 'lost 3', 'lost 4', 'lost 5'];
const KEPT = ['kept 6', 'kept 7', 'kept 8'];

const valuesOf = (messages: readonly unknown[]): unknown[] =>
  messages.map((message) => (message as { message: unknown }).message);

describe('whoever resumes after messages that are kept no more', () => {
  let node: RunningNode;

  beforeAll(async () => {
    node = await startApiNode('A', { subscriptions: ['gaps.*'], retentionMessages: KEPT.length });
  });

  afterAll(() => node.close());

  /** Where a client stood before the topic lost messages, and what it has to be told about them. */
  async function lose(topic: string): Promise<{ cursor: string; stream: string; gap: object }> {
    const reader = new EventReader();
    await reader.open(node, `topic=${topic}`);
    const { stream, publisherId, epoch } = await node.grapevine.publish(topic, 'read 1');
    const [first] = await reader.take(1);
    reader.close();
    for (const value of [...LOST, ...KEPT]) await node.grapevine.publish(topic, value);
    await expect
      .poll(async () => valuesOf((await request(node, `/messages?topic=${topic}`)).body['items'] as unknown[]))
      .toEqual(KEPT);
    const gap = {
      topic,
      publisher: 'A',
      publisherId,
      stream,
      epoch,
      from: 2,
      to: 1 + LOST.length,
      reason: 'retention',
    };
    return { cursor: first?.id ?? '', stream, gap };
  }

  it('is told over Server-Sent Events, and goes on with what is kept', async () => {
    const { cursor, gap } = await lose('gaps.stream');
    const reader = new EventReader();
    await reader.open(node, 'topic=gaps.stream', { 'last-event-id': cursor });
    expect(await reader.next()).toMatchObject({ event: 'recovered', data: { recovered: false } });
    expect(await reader.next()).toMatchObject({ event: 'gap', data: gap });
    expect(valuesOf((await reader.take(KEPT.length)).map(({ data }) => data))).toEqual(KEPT);
    reader.close();
  });

  it.each([
    ['a cursor', (cursor: string) => cursor],
    ['what it has received', (_cursor: string, stream: string) => ({ [stream]: 1 })],
  ])('is told over Socket.IO, with %s, and goes on with what is kept', async (_name, afterOf) => {
    const topic = `gaps.${_name.replaceAll(' ', '-')}`;
    const { cursor, stream, gap } = await lose(topic);
    const socket = io(`${node.url}/events`, { forceNew: true, reconnection: false, transports: ['websocket'] });
    const heard = hearing(socket);
    const answer: unknown = await socket
      .timeout(10_000)
      .emitWithAck('subscribe', { topic, after: afterOf(cursor, stream) });
    expect(answer).toMatchObject({ ok: true, recovered: false });
    await expect.poll(() => heard).toHaveLength(1 + KEPT.length);
    expect(heard[0]).toEqual({ gap });
    expect(valuesOf(heard.slice(1))).toEqual(KEPT);
    socket.disconnect();
  });

  it('is told through onGap when it is a handler, and goes on with what is kept', async () => {
    const { cursor, stream } = await lose('gaps.handler');
    const heard: unknown[] = [];
    const subscription = await node.grapevine.subscribe('gaps.handler', (message) => heard.push(message), {
      after: cursor,
      onGap: (gap) => heard.push(gap),
    });
    expect(subscription.recovered).toBe(false);
    await expect.poll(() => heard).toHaveLength(1 + KEPT.length);
    expect(heard[0]).toMatchObject({ stream: { id: stream }, from: 2, to: 1 + LOST.length, reason: 'retention' });
    expect(valuesOf(heard.slice(1))).toEqual(KEPT);
  });
});

/** Gaps and messages in the order in which they come. */
function hearing(socket: Socket): unknown[] {
  const heard: unknown[] = [];
  socket.on('gap', (gap: unknown) => heard.push({ gap }));
  socket.on('message', (message: unknown) => heard.push(message));
  return heard;
}
