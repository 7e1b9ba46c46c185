import { describe, expect, it } from 'vitest';
import { checkTlsCredentials } from '../../../../src/api/http/tls-credentials.adapter.js';
import { selfSigned } from '../../../conformance/certificates.js';

describe('a certificate and its key', () => {
  it('are refused when a later certificate of the chain cannot be read', async () => {
    const { cert, key } = await selfSigned();
    expect(checkTlsCredentials({ cert: `${cert}\n${cert}`, key }).ok).toBe(true);
    const second = `${cert.slice(0, cert.length / 2)}\n-----END CERTIFICATE-----\n`;
    expect(checkTlsCredentials({ cert: `${cert}\n${second}`, key })).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/^TLS_CERT_FILE cannot be used/),
    });
  });
});
