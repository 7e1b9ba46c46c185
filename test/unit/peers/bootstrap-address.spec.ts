import { describe, expect, it } from 'vitest';
import { parseBootstrapAddress, urlOfAddress } from '../../../src/peers/discovery/bootstrap-address.js';

describe('bootstrap address', () => {
  it('is a URL as it is dialled', () => {
    expect(parseBootstrapAddress('http://10.0.0.7:8000/')).toEqual({ kind: 'url', url: 'http://10.0.0.7:8000' });
    expect(parseBootstrapAddress('https://node.example')).toEqual({ kind: 'url', url: 'https://node.example' });
  });

  it('is a name that stands for all its addresses', () => {
    const address = parseBootstrapAddress('dns+http://grapevine:8000');
    expect(address).toEqual({ kind: 'name', scheme: 'http', name: 'grapevine', port: '8000' });
    expect(parseBootstrapAddress('dns+https://grapevine')).toMatchObject({ scheme: 'https', port: '443' });
  });

  it('gives each address a URL of its own', () => {
    expect(urlOfAddress('10.0.0.7', { scheme: 'http', port: '8000' })).toBe('http://10.0.0.7:8000');
    expect(urlOfAddress('fd00::7', { scheme: 'http', port: '8000' })).toBe('http://[fd00::7]:8000');
  });
});
