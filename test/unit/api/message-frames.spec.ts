import { describe, expect, it } from 'vitest';
import { MessageFrames } from '../../../src/api/message-frames.js';
import type { Message } from '../../../src/gossip/bundles/message.js';
import { MessageViews } from '../../../src/subscriptions/message-view.js';
import { nodeId, streamBy } from '../gossip/arbitraries.js';

const STREAM = streamBy(nodeId(1));

describe('messages for clients', () => {
  it('are one text frame of a WebSocket each, or all in one, whatever their length', () => {
    for (const characters of [0, 1, 100, 125, 126, 1_000, 65_535, 65_536, 200_000]) {
      const frames = new MessageFrames(new MessageViews(() => 'A'));
      const messages = [messageOf(1, 'a'.repeat(characters)), messageOf(2, 'ä€😀')];
      for (const form of ['each', 'together'] as const) {
        const texts = textsIn(frames.frames(messages, form));
        expect(texts).toEqual(frames.texts(messages, form).map((text) => `4${text}`));
        expect(texts).toHaveLength(form === 'each' ? 2 : 1);
      }
    }
  });

  it('are made once for all clients that get the same', () => {
    const frames = new MessageFrames(new MessageViews(() => 'A'));
    const [one, two, three] = [messageOf(1, 'x'), messageOf(2, 'y'), messageOf(3, 'z')];
    const first = frames.frames([one, two], 'each');
    expect(frames.frames([one, two], 'each')).toBe(first);
    expect(textsIn(frames.frames([one, two], 'together'))).toHaveLength(1);
    expect(textsIn(frames.frames([one, three], 'each'))[1]).toContain('"z"');
    expect(textsIn(frames.frames([one], 'each'))).toHaveLength(1);
  });
});

function messageOf(seq: number, value: string): Message {
  return {
    stream: STREAM,
    seq,
    publisherName: 'A',
    publishedAtMs: 0,
    ttlMs: undefined,
    headers: undefined,
    idempotencyKey: undefined,
    encoding: 'json',
    payload: Buffer.from(JSON.stringify(value)),
  };
}

/** Reads unmasked text frames that are not fragmented (RFC 6455, 5.2). */
function textsIn(bytes: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    expect(bytes[at]).toBe(0x81);
    const short = bytes[at + 1]!;
    const [length, header] =
      short < 126
        ? [short, 2]
        : short === 126
          ? [bytes.readUInt16BE(at + 2), 4]
          : [Number(bytes.readBigUInt64BE(at + 2)), 10];
    texts.push(bytes.toString('utf8', at + header, at + header + length));
    at += header + length;
  }
  return texts;
}
