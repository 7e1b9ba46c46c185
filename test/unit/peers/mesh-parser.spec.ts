import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOSING_EVENT, Decoder, Encoder, FRAME_EVENT } from '../../../src/peers/links/mesh-parser.js';

const CONNECT = { type: 0, nsp: '/', data: { sid: 'Zx-_09' } };
const FRAME = { type: 2, nsp: '/', data: [FRAME_EVENT, Buffer.from('sealed')] };
const CLOSING = { type: 2, nsp: '/', data: [CLOSING_EVENT, 'wrong-secret'] };

function decode(...received: unknown[]): unknown[] {
  const decoder = new Decoder();
  const packets: unknown[] = [];
  decoder.on('decoded', (packet) => packets.push(packet));
  for (const one of received) decoder.add(one);
  return packets;
}

function roundTrip(...packets: { type: number; nsp: string; data?: unknown }[]): unknown[] {
  return decode(...packets.flatMap((packet) => new Encoder().encode(packet)));
}

describe('mesh parser', () => {
  it('writes a frame as one binary message and nothing else', () => {
    expect(new Encoder().encode(FRAME)).toEqual([Buffer.from('sealed')]);
  });

  it('carries connecting, frames, closing and disconnecting', () => {
    const packets = [CONNECT, FRAME, CLOSING, { type: 1, nsp: '/' }];
    expect(roundTrip(...packets)).toEqual(packets);
    expect(roundTrip({ type: 0, nsp: '/' })).toEqual([{ type: 0, nsp: '/' }]);
    expect(roundTrip({ type: 4, nsp: '/', data: { message: 'no "way"' } })).toEqual([
      { type: 4, nsp: '/', data: { message: 'no  way ' } },
    ]);
  });

  it('takes nothing but a connect before the connection', () => {
    expect(() => decode(Buffer.from('frame'))).toThrow('a frame before the connection');
    expect(() => decode('2shutdown')).toThrow('an event before the connection');
    expect(decode('0')).toHaveLength(1);
  });

  it('takes one connect of a connection, and the next after it has ended', () => {
    expect(() => decode('0', '0')).toThrow('connected twice');
    const decoder = new Decoder();
    decoder.add('0');
    decoder.destroy();
    expect(() => decoder.add('0')).not.toThrow();
  });

  it.each([
    ['JSON of the default parser', '2["message",{"a":1}]'],
    ['another namespace', '0/admin,'],
    ['an acknowledgement', '30'],
    ['a binary event', '51-["frame",{"_placeholder":true,"num":0}]'],
    ['nothing', ''],
    ['text without end', `2${'x'.repeat(200)}`],
  ])('refuses %s', (_what, text) => {
    expect(() => decode('0', text)).toThrow('not a packet of a mesh link');
  });

  it('decodes any text to a packet of a known kind or throws an error', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        let packets: unknown[] = [];
        try {
          packets = decode('0', text);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
        for (const packet of packets) expect((packet as { nsp: string }).nsp).toBe('/');
      }),
    );
  });
});
