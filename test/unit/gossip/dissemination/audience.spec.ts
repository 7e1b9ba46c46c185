import { beforeEach, describe, expect, it } from 'vitest';
import { Audience, DUTY_CHANGE_MS, RELAY_WAIT_MS } from '../../../../src/gossip/dissemination/audience.js';
import type { CoreFrame } from '../../../../src/gossip/bundles/gossip-frames.js';
import { nodeId } from '../arbitraries.js';
import { TestDirectory } from '../test-directory.js';

const [SELF, A, B, C] = [0, 1, 2, 3].map(nodeId) as [string, string, string, string];
const WORLD = { seqBefore: () => 0, localTimeOf: (_peer: string, theirWallMs: number) => theirWallMs };

class CountingDirectory extends TestDirectory {
  looks = 0;

  override interestSince(id: string, topic: string): number | undefined {
    this.looks++;
    return super.interestSince(id, topic);
  }
}

describe('the audience of a node', () => {
  let links: Set<string>;
  let directory: CountingDirectory;
  let sent: { readonly peer: string; readonly frame: CoreFrame }[];
  let audience: Audience;

  beforeEach(() => {
    links = new Set([A, B]);
    directory = new CountingDirectory([SELF, A, B, C]);
    sent = [];
    audience = new Audience(SELF, directory, WORLD, links, ({ peer, frame }) => sent.push({ peer, frame }));
  });

  const request = (...targets: string[]) => ({ type: 'relayRequest', targets }) as const;
  const relaying = (...targets: string[]) => ({ type: 'relaying', targets }) as const;
  /** C is out of reach, and its relay was asked. */
  const askedRelay = () => {
    directory.want(C, 'chat', 1);
    audience.changed(0);
    audience.tick(() => ['chat'], RELAY_WAIT_MS);
    return sent.at(-1)!.peer;
  };

  it('are the linked that want the topic, and relays of those out of reach', () => {
    directory.want(A, 'chat', 1);
    directory.want(SELF, 'chat', 1);
    expect(audience.receivers('chat')).toEqual([A]);
    const relay = askedRelay();
    expect(audience.receivers('chat')).toEqual([A]);
    expect(audience.handle(relay, relaying(C), RELAY_WAIT_MS)).toBe(true);
    expect(new Set(audience.receivers('chat'))).toEqual(new Set([A, relay]));
    expect(audience.wantedSince(relay, 'chat')).toBe(1);
  });

  it('takes nobody for a relay that was not asked', () => {
    const relay = askedRelay();
    const other = relay === A ? B : A;
    expect(audience.handle(other, relaying(C), RELAY_WAIT_MS)).toBe(false);
    expect(audience.receivers('chat')).toEqual([]);
  });

  it('wants here what a node wants for which it relays, and no longer when that is over', () => {
    links.add(C);
    directory.want(C, 'chat', 1);
    expect(audience.isWantedHere('chat')).toBe(false);
    audience.handle(A, request(C), 0);
    expect(audience.isWantedHere('chat')).toBe(true);
    expect(audience.relayed('chat', A)).toEqual([C]);
    audience.handle(B, request(C), 0);
    audience.linkDown(A);
    expect(audience.isWantedHere('chat')).toBe(true);
    audience.linkDown(B);
    expect(audience.isWantedHere('chat')).toBe(false);
  });

  it('changes nothing for a request that is repeated, and answers it', () => {
    links.add(C);
    expect(audience.handle(A, request(C), 0)).toBe(true);
    const { version } = audience;
    for (let at = 1; at <= 10; at++) expect(audience.handle(A, request(C), at)).toBe(false);
    expect(audience.version).toBe(version);
    expect(sent.filter(({ frame }) => frame.type === 'relaying')).toHaveLength(11);
  });

  it('lets a peer change its mind only so often, and then takes its last word', () => {
    links.add(C);
    audience.handle(A, request(C), 0);
    const { version } = audience;
    for (let at = 1; at < 100; at++) audience.handle(A, at % 2 === 0 ? request(C) : request(B), 1);
    expect(audience.version).toBe(version);
    expect(audience.isWaiting).toBe(true);
    expect(audience.tick(() => [], DUTY_CHANGE_MS - 1)).toBe(false);
    expect(audience.tick(() => [], DUTY_CHANGE_MS)).toBe(true);
    expect(audience.relaysFor(A, B)).toBe(true);
    expect(audience.version).toBe(version + 1);
  });

  it('relays to nobody that it does not know', () => {
    audience.handle(A, request(...Array.from({ length: 200 }, (_, at) => nodeId(at + 20))), 0);
    expect(audience.version).toBe(0);
    expect(sent).toEqual([{ peer: A, frame: relaying() }]);
  });

  it('lets a relay that comes and goes go', () => {
    const relay = askedRelay();
    audience.handle(relay, relaying(C), RELAY_WAIT_MS);
    audience.handle(relay, relaying(), RELAY_WAIT_MS + 1);
    const { version } = audience;
    for (let at = 2; at < 50; at++) audience.handle(relay, at % 2 === 0 ? relaying(C) : relaying(), RELAY_WAIT_MS + at);
    expect(audience.version).toBe(version);
  });

  it('looks at a part of many topics in a tick, and goes on in the next', () => {
    audience.changed(0);
    const topics = Array.from({ length: 5_000 }, (_, at) => `many.${at}`);
    directory.want(C, topics.at(-1)!, 1);
    let ticks = 0;
    for (; sent.length === 0 && ticks < 20; ticks++) {
      directory.looks = 0;
      audience.tick(() => topics, RELAY_WAIT_MS + ticks);
      expect(directory.looks).toBeLessThan(2_000);
    }
    expect(ticks).toBeLessThanOrEqual(6);
    expect(sent).toMatchObject([{ frame: { type: 'relayRequest', targets: [C] } }]);
  });

  it('passes over no topic between two ticks', () => {
    audience.changed(0);
    const topics = Array.from({ length: 3_000 }, (_, at) => `many.${at}`);
    directory.want(C, 'many.1024', 1);
    for (let tick = 0; tick < 4; tick++) audience.tick(() => topics, RELAY_WAIT_MS + tick);
    expect(sent).toMatchObject([{ frame: { type: 'relayRequest', targets: [C] } }]);
  });

  it('looks at what each node out of reach wants in turn, however many topics there are', () => {
    const [D, E] = [4, 5].map(nodeId) as [string, string];
    directory = new CountingDirectory([SELF, A, B, C, D, E]);
    audience = new Audience(SELF, directory, WORLD, links, ({ peer, frame }) => sent.push({ peer, frame }));
    audience.changed(0);
    const topics = Array.from({ length: 30_000 }, (_, at) => `many.${at}`);
    directory.want(E, topics.at(-1)!, 1);
    for (let tick = 0; tick < 100; tick++) audience.tick(() => topics, RELAY_WAIT_MS + tick * 50);
    expect(sent).toMatchObject([{ frame: { type: 'relayRequest', targets: [E] } }]);
  });
});
