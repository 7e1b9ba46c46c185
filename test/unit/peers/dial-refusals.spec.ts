import { describe, expect, it } from 'vitest';
import { DialRefusals } from '../../../src/peers/links/dial-refusals.js';

describe('why dialling is in vain', () => {
  it('is told once a URL and reason, not at every attempt', () => {
    const refusals = new DialRefusals();
    expect(refusals.explain('http://b', 'wrong-secret', false)).toMatch(/CLUSTER_SECRET/);
    expect(refusals.explain('http://b', 'wrong-secret', false)).toBeUndefined();
    expect(refusals.explain('http://b', 'wrong-cluster', true)).toMatch(/CLUSTER_NAME/);
    expect(refusals.explain('http://c', 'wrong-secret', false)).toMatch(/CLUSTER_SECRET/);
    expect(refusals.explain('http://b', 'wrong-secret', true)).toBeUndefined();
  });

  it('is told again when it begins anew after a link', () => {
    const refusals = new DialRefusals();
    refusals.explain('http://b', 'bad-record', false);
    refusals.linked(['http://b']);
    expect(refusals.explain('http://b', 'bad-record', false)).toMatch(/does not admit this node/);
  });

  it('says who does not admit whom', () => {
    const [ours, theirs] = [true, false].map((isOurs) => new DialRefusals().explain('http://b', 'bad-record', isOurs));
    expect([ours, theirs]).toEqual([
      expect.stringMatching(/^this node does not/),
      expect.stringMatching(/^it does not/),
    ]);
  });

  it.each(['transport', 'shutdown', 'replaced', 'self', 'handshake-timeout'] as const)(
    'is nothing to look at when it is %s, which passes by itself',
    (reason) => {
      expect(new DialRefusals().explain('http://b', reason, false)).toBeUndefined();
    },
  );
});
