import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { decoded, refused, type Decoded } from '../../wire/decoded.js';

/** What a server needs to speak TLS, in PEM. */
export interface TlsCredentials {
  /** The certificate, and those between it and a root. */
  readonly cert: string;
  readonly key: string;
}

/** Larger files are not certificates. */
export const TLS_FILE_BYTES_MAX = 256 * 1024;

/** Whether a certificate and a key can be used, and belong together. */
export function checkTlsCredentials({ cert, key }: TlsCredentials): Decoded<TlsCredentials> {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch {
    return refused('TLS_CERT_FILE holds no certificate in PEM');
  }
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(key)))
      return refused('TLS_KEY_FILE is not the key of the certificate');
  } catch {
    return refused('TLS_KEY_FILE holds no private key in PEM, or one with a password');
  }
  try {
    // The first certificate of a file says nothing of the rest of its chain.
    createSecureContext({ cert, key });
  } catch (cause) {
    return refused(`TLS_CERT_FILE cannot be used with TLS_KEY_FILE: ${(cause as Error).message}`);
  }
  return decoded({ cert, key });
}
