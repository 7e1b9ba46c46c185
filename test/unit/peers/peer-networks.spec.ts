import { describe, expect, it } from 'vitest';
import { PeerNetworks } from '../../../src/peers/links/peer-networks.js';

describe('peer networks', () => {
  const networks = new PeerNetworks(['127.0.0.0/8', '10.0.0.0/8', 'fc00::/7', '::1/128']);

  it.each(['127.0.0.1', '10.200.3.4', 'fd12::1', '::1', '::ffff:10.0.0.1'])('include %s', (address) => {
    expect(networks.includes(address)).toBe(true);
  });

  it.each(['8.8.8.8', '169.254.169.254', '11.0.0.1', '2001:db8::1', '::ffff:8.8.8.8', 'localhost', ''])(
    'leave out %s',
    (address) => {
      expect(networks.includes(address)).toBe(false);
    },
  );

  it('include nothing when there are none', () => {
    expect(new PeerNetworks([]).includes('127.0.0.1')).toBe(false);
  });
});
