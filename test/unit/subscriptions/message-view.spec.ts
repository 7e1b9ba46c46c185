import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { receiptOf } from '../../../src/gossip/publishing/receipt.js';
import { messageView, MessageViews } from '../../../src/subscriptions/message-view.js';
import { messageOf, STREAM } from './sample-messages.js';

const messageViews = (): MessageViews => new MessageViews((id) => `name of ${id}`);

describe('MessageViews', () => {
  it('shows a message with all that clients need to place it', () => {
    const text = messageViews().json(messageOf({ payload: Buffer.from('{"a":1}'), headers: { lang: 'en' } }));
    expect(JSON.parse(text)).toEqual({
      id: `${STREAM.id}.7`,
      topic: 'chat',
      message: { a: 1 },
      publisher: 'A',
      publisherId: STREAM.publisher,
      epoch: STREAM.epoch,
      stream: STREAM.id,
      seq: 7,
      publishedAt: '2026-01-31T12:00:00.000Z',
      headers: { lang: 'en' },
    });
  });

  it('gives back any JSON value as it was published, on one line', () => {
    const views = messageViews();
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(3), (value, indent) => {
        const text = views.json(messageOf({ payload: Buffer.from(JSON.stringify(value, null, indent)) }));
        expect(text).not.toMatch(/[\r\n]/);
        expect((JSON.parse(text) as { message: unknown }).message).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('shows bytes as base64', () => {
    const text = messageViews().json(messageOf({ encoding: 'bytes', payload: Buffer.from([0, 255]) }));
    expect((JSON.parse(text) as { message: unknown }).message).toEqual({ $bytes: 'AP8=' });
  });

  it('does not let a payload that is no JSON break the document', () => {
    const text = messageViews().json(messageOf({ payload: Buffer.from('1},"x":{"y":2') }));
    const view = JSON.parse(text) as Record<string, unknown>;
    expect(view['message']).toEqual({ $bytes: Buffer.from('1},"x":{"y":2').toString('base64') });
    expect(view).not.toHaveProperty('x');
  });

  it('encodes a message once', () => {
    const views = messageViews();
    const payload = Buffer.from('1');
    const message = messageOf({ payload });
    const first = views.json(message);
    payload.write('2');
    expect(views.json(message)).toBe(first);
  });

  it('shows a time beyond the calendar as its last moment', () => {
    const text = messageViews().json(messageOf({ publishedAtMs: Number.MAX_SAFE_INTEGER }));
    expect((JSON.parse(text) as { publishedAt: string }).publishedAt).toBe('+275760-09-13T00:00:00.000Z');
  });

  it('tell which messages are lost, and whose', () => {
    expect(messageViews().gap({ stream: STREAM, from: 3, to: 5, reason: 'retention' })).toEqual({
      topic: 'chat',
      publisher: `name of ${STREAM.publisher}`,
      publisherId: STREAM.publisher,
      stream: STREAM.id,
      epoch: STREAM.epoch,
      from: 3,
      to: 5,
      reason: 'retention',
    });
  });
});

describe('a view with the payload read', () => {
  it('is what clients read from the text', () => {
    const message = messageOf({ payload: Buffer.from('{"a":1}'), headers: { lang: 'en' } });
    expect(messageView(message)).toEqual(JSON.parse(messageViews().json(message)));
  });

  it('has a copy of the bytes, also of those that claim to be JSON', () => {
    const payload = Buffer.from('{');
    for (const encoding of ['bytes', 'json'] as const) {
      const { message } = messageView(messageOf({ encoding, payload }));
      expect(message).toEqual(new Uint8Array([123]));
      expect((message as Uint8Array).buffer).not.toBe(payload.buffer);
    }
  });
});

describe('receiptOf', () => {
  it('names the message as its view does', () => {
    const ack = { level: 'all', confirmed: 2, of: 3 } as const;
    const placed = { stream: STREAM, seq: 7, publisherName: 'A', publishedAtMs: 0 };
    const receipt = receiptOf(placed, ack);
    expect(receipt).toMatchObject({
      id: `${STREAM.id}.7`,
      topic: 'chat',
      publisher: 'A',
      stream: STREAM.id,
      seq: 7,
      ack,
    });
  });
});
