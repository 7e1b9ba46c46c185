import { describe, expect, it } from 'vitest';
import { settingsFromOptions, type GrapevineOptions } from '../../../src/config/options.js';

const SECRET = 'a secret of more than thirty-two characters';

describe('the options of the embedded API', () => {
  it('become settings, without REST and events unless asked for', () => {
    expect(settingsFromOptions({ name: 'orders-1', peers: ['http://10.0.0.7:8000'], secret: SECRET })).toMatchObject({
      name: 'orders-1',
      peers: ['http://10.0.0.7:8000'],
      clusterSecret: SECRET,
      api: false,
      dataDir: './data/orders-1',
    });
    expect(settingsFromOptions({ name: 'a', api: { prefix: '/grapevine' } }).api).toEqual({ prefix: '/grapevine' });
  });

  it.each([
    [{ name: 'a', secret: 'short' }, 'secret must be at least 32 characters long'],
    [{ name: '' }, 'name must be 1 to 63 of the characters A-Z a-z 0-9 _ . -, not ""'],
    [{ name: 'a', api: { prefix: 'x' } }, 'api must be false or { prefix: "/…" }, not {"prefix":"x"}'],
    [{ name: 'a', host: '10.0.0.1' }, 'secret must be given, as 10.0.0.1 can be reached from other machines'],
  ] as [GrapevineOptions, string][])('are refused when wrong: %j', (options, message) => {
    expect(() => settingsFromOptions(options)).toThrow(message);
  });

  it('need no word on who may use interfaces that are not mounted', () => {
    expect(settingsFromOptions({ name: 'a', host: '10.0.0.1', secret: SECRET }).host).toBe('10.0.0.1');
    expect(() => settingsFromOptions({ name: 'a', host: '10.0.0.1', secret: SECRET, api: { prefix: '' } })).toThrow(
      'apiAuth must be given',
    );
  });

  it('may say beside the mount point whose tokens are good', () => {
    const settings = settingsFromOptions({ name: 'a', api: { prefix: '/g', auth: '/etc/jwks.json' } });
    expect(settings).toMatchObject({ api: { prefix: '/g' }, apiAuth: '/etc/jwks.json', apiAudience: 'grapevine' });
    expect(settingsFromOptions({ name: 'a', api: { prefix: '/g' }, apiAuth: '/etc/jwks.json' }).apiAuth).toBe(
      '/etc/jwks.json',
    );
  });

  it('that are unknown are refused rather than ignored', () => {
    expect(() => settingsFromOptions({ name: 'a', sercet: SECRET } as GrapevineOptions)).toThrow('sercet is not known');
  });
});
