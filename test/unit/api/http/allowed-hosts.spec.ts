import { describe, expect, it } from 'vitest';
import { allowedHosts, isAllowedHost } from '../../../../src/api/http/allowed-hosts.js';
import { Settings } from '../../../../src/config/settings.js';

const hostsOf = (given: Partial<Settings>) => allowedHosts(Object.assign(new Settings(), given));

describe('a node on loopback', () => {
  const hosts = hostsOf({ advertiseUrl: 'http://node.internal:8000', corsOrigins: ['https://app.example'] });

  it.each([
    'localhost',
    'LOCALHOST:8000',
    '127.0.0.1:8000',
    '127.1.2.3',
    '[::1]:8000',
    'node.internal',
    'app.example:1',
  ])('is asked as %s', (host) => {
    expect(isAllowedHost(host, hosts)).toBe(true);
  });

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    '[::2]',
    'a b',
    '',
    'user@localhost.x',
  ])('is not asked as %j', (host) => {
    expect(isAllowedHost(host, hosts)).toBe(false);
  });

  it('is asked by what sends no name', () => {
    expect(isAllowedHost(undefined, hosts)).toBe(true);
  });

  it('that allows all origins may be asked as anything', () => {
    expect(isAllowedHost('evil.example', hostsOf({ corsOrigins: ['*'] }))).toBe(true);
  });
});

it('a node that others can reach may be asked as anything', () => {
  expect(isAllowedHost('node.example', hostsOf({ host: '0.0.0.0' }))).toBe(true);
});
