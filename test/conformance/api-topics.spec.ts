import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/start-node.js';
import { post, request, startApiNode } from './api-node.js';
import { ask, enter, heard } from './events-client.js';

let node: RunningNode;

beforeAll(async () => {
  node = await startApiNode('A');
});

afterAll(() => node.close());

const query = (topic: string): string => encodeURIComponent(topic);

describe('a topic with a name that', () => {
  it.each([
    ['is a property of all objects', '__proto__'],
    ['is a property of all objects, deeper', 'a.__proto__.b'],
    ['is a method of all objects', 'constructor'],
    ['looks like a number', '0'],
    ['is composed', 'caf\u00e9'],
    ['is decomposed', 'cafe\u0301'],
    ['has signs of paths, queries and markup', 'a/%2e?x=1&y#z<b"\'\\'],
    ['has signs of patterns of other kinds', '[a-z]+(b|c){9}$^'],
    ['has 255 bytes', `\u00fc${'x'.repeat(253)}`],
    ['has 128 levels', Array.from({ length: 128 }, () => 'a').join('.')],
    ['lies outside the first plane', '\u{1F347}'],
  ])('%s comes back as it was', async (_what, topic) => {
    const socket = await enter(node);
    expect(await ask(socket, 'subscribe', { topic })).toMatchObject({ ok: true, topic });
    const message = heard(socket, 'message');
    expect((await post(node, '/subscribe', { topic })).body).toMatchObject({ topic });
    expect((await post(node, '/publish', { topic, message: topic })).body).toMatchObject({ topic, seq: 1 });
    expect(await message).toMatchObject({ topic, message: topic });
    const { body } = await request(node, `/messages?topic=${query(topic)}`);
    expect(body['items']).toMatchObject([{ topic, message: topic }]);
    const row = await request(node, `/topics/${query(topic)}/subscribers`);
    expect(row.body).toMatchObject({ items: [{ topic, nodes: ['A'], clients: 1 }] });
    socket.disconnect();
  });

  it.each([
    ['is empty', ''],
    ['has NUL in it', 'a\0b'],
    ['has half a character', 'a\ud800'],
    ['has the other half', '\udc00a'],
    ['has a space', 'a b'],
    ['has a space that is not seen', 'a\u2028b'],
    ['has 256 bytes', `\u00fc${'x'.repeat(254)}`],
    ['has 64 KiB', 'x'.repeat(65_536)],
    ['has 129 levels', Array.from({ length: 129 }, () => 'a').join('.')],
    ['has 300 levels', Array.from({ length: 300 }, () => '').join('.')],
    ['ends with a dot', 'a.'],
    ['is a pattern', 'a.*'],
    ['is the pattern of all', '>'],
  ])('%s is refused', async (_what, topic) => {
    const { status, body } = await post(node, '/publish', { topic, message: 1 });
    expect([status, body['code']]).toEqual([400, 'invalid-topic']);
    const socket = await enter(node);
    expect(await ask(socket, 'publish', { topic, message: 1 })).toMatchObject({ problem: { code: 'invalid-topic' } });
    socket.disconnect();
  });
});
