import { expect, it } from 'vitest';
import { PendingSockets } from '../../../src/runtime/pending-sockets.js';

it('counts what is pending from each address, each connection once', () => {
  const pending = new PendingSockets<object>();
  const [one, two, other] = [{}, {}, {}];
  pending.add(one, 'a');
  pending.add(two, 'a');
  pending.add(other, 'b');
  expect([pending.count('a'), pending.count('b'), pending.count('c')]).toEqual([2, 1, 0]);
  pending.remove(one);
  pending.remove(one);
  pending.remove({});
  expect([pending.count('a'), pending.count('b')]).toEqual([1, 1]);
  expect(pending.size).toBe(2);
  pending.remove(two);
  expect(pending.count('a')).toBe(0);
});
