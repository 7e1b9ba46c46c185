import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';

export interface SecureAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
  /** Common name of the certificate that the server showed. */
  readonly certificate: string;
}

/** What is asked besides the URL. */
export interface SecureAsk {
  readonly token?: string | undefined;
  /** Posted as JSON. */
  readonly body?: unknown;
}

/** One request over TLS to a server that must show a certificate that `ca` vouches for. */
export function secureRequest(
  url: string,
  ca: string | string[],
  { token, body }: SecureAsk = {},
): Promise<SecureAnswer> {
  const json = body === undefined ? undefined : JSON.stringify(body);
  const options = {
    ca,
    agent: false as const,
    method: json === undefined ? 'GET' : 'POST',
    headers: {
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  };
  return new Promise((resolve, reject) => {
    const asked = request(url, options, (response) => {
      const certificate = (response.socket as TLSSocket).getPeerCertificate().subject.CN;
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: text, certificate: String(certificate) });
      });
    });
    asked.on('error', reject);
    asked.end(json);
  });
}
