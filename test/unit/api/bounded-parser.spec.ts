import { describe, expect, it } from 'vitest';
import { boundedParser } from '../../../src/api/bounded-parser.adapter.js';

function decode(...received: string[]): unknown[] {
  const decoder = new boundedParser.Decoder();
  const packets: unknown[] = [];
  decoder.on('decoded', (packet) => packets.push(packet));
  for (const one of received) decoder.add(one);
  return packets;
}

describe('the parser of the sockets of clients', () => {
  it.each([
    ['the same namespace', ['0/events,', '0/events,']],
    ['the same, written otherwise', ['0/events', '0/events,{"token":"x"}']],
    ['the root, with other payloads', ['0', '0{"a":1}']],
    ['one namespace after the other', ['0/a,', '0/b,', '0/c,']],
  ])('refuses a connection that asks again to enter %s', (_what, packets) => {
    expect(() => decode(...packets)).toThrow('asks again to enter');
  });

  it('takes a client that left and comes again, and the answer that another namespace is none', () => {
    expect(decode('0/events,', '1/events,', '0/events,{"token":"x"}', '0')).toHaveLength(4);
  });
});
