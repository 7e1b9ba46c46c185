import { describe, expect, it } from 'vitest';
import { KeyHolders } from '../../../../src/gossip/keys/key-holders.js';

describe('the holders of a topic key', () => {
  const isGone =
    (...ids: string[]) =>
    (id: string) =>
      ids.includes(id);

  it('are those it was granted to, and all who were interested while it was used', () => {
    for (const gone of ['granted', 'interested', 'interested later']) {
      const holders = new KeyHolders();
      holders.began('orders');
      holders.granted('orders', 'granted');
      holders.used('orders', ['interested']);
      holders.used('orders', ['interested', 'interested later']);
      holders.used('orders', []);
      expect(holders.takeDeserted(isGone('somebody else'))).toEqual([]);
      expect(holders.takeDeserted(isGone(gone))).toEqual(['orders']);
    }
  });

  it('are forgotten with the key, topic by topic', () => {
    const holders = new KeyHolders();
    for (const topic of ['news', 'orders']) {
      holders.began(topic);
      holders.used(topic, topic === 'news' ? ['B', 'C'] : ['B']);
    }
    expect(holders.takeDeserted(isGone('C'))).toEqual(['news']);
    expect(holders.takeDeserted(isGone('C'))).toEqual([]);
    holders.began('orders');
    expect(holders.takeDeserted(isGone('B'))).toEqual([]);
  });

  it('of a topic without a key are nobody', () => {
    const holders = new KeyHolders();
    holders.used('orders', ['B']);
    holders.granted('orders', 'B');
    expect(holders.takeDeserted(isGone('B'))).toEqual([]);
  });

  it('are forgotten with a key that is used no more', () => {
    const holders = new KeyHolders();
    holders.began('job.1');
    holders.used('job.1', ['B']);
    holders.forget('job.1');
    expect(holders.takeDeserted(isGone('B'))).toEqual([]);
  });

  it('are looked at some thousands in a turn, and all in a round', () => {
    const holders = new KeyHolders();
    const readers = Array.from({ length: 100 }, (_, number) => `reader ${number}`);
    const topics = Array.from({ length: 500 }, (_, number) => `job.${number}`);
    for (const topic of topics) {
      holders.began(topic);
      holders.used(topic, readers);
    }
    let looks = 0;
    const isLastGone = (id: string): boolean => {
      looks++;
      return id === 'reader 99';
    };
    const deserted: string[] = [];
    do {
      looks = 0;
      deserted.push(...holders.takeDeserted(isLastGone));
      expect(looks).toBeLessThan(5_000);
    } while (holders.isUnderWay);
    expect(deserted).toEqual(topics);
  });
});
