import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import jose from 'node-jose';
import { Settings } from '../../config/settings.js';
import { GrapevineError } from '../../runtime/errors.js';
import { ExpiringMap } from '../../runtime/expiring-map.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { LEEWAY_MS, readClaims } from './claims.js';
import type { Grant } from './grant.js';
import type { TokenKey } from './key-set.js';
import { TokenKeys } from './token-keys.service.js';
import { readTokenHeader, TOKEN_BYTES_MAX, type TokenHeader } from './token-form.js';

/** Tokens that were found good lately, by their hash: most requests come with one of them. */
const REMEMBERED = { keptMs: 60_000, sizeMax: 4_096 };

/** Checks bearer tokens: JWS with one of the keys at hand and claims that are meant for this node. */
@Injectable()
export class Tokens {
  readonly #good = new ExpiringMap<string, Grant>(REMEMBERED);

  constructor(
    private readonly settings: Settings,
    private readonly keys: TokenKeys,
    private readonly clock: SystemClock,
  ) {}

  /** Whether clients need no token at all. */
  get isOpen(): boolean {
    return this.keys.isOpen;
  }

  /** What a token that was found good a moment ago grants, without checking its signature again. */
  remembered(token: string): Grant | undefined {
    if (token.length > TOKEN_BYTES_MAX) return undefined;
    const grant = this.#good.get(nameOf(token), this.clock.monotonicMs());
    return grant !== undefined && this.isValid(grant) ? grant : undefined;
  }

  /** What a token grants. GrapevineError `unauthorized`, or `keys-unavailable` when it cannot be said. */
  async verify(token: string): Promise<Grant> {
    const header = readTokenHeader(token);
    if (!header.ok) throw notAccepted(header.reason);
    const key = await this.keys.find(header.value);
    if (key === undefined) throw notAccepted('no key fits it');
    const grant = readClaims(
      await claimsOf(token, header.value, key),
      { audience: this.settings.apiAudience ?? this.settings.clusterName, issuer: this.settings.apiIssuer },
      { keyId: key.thumbprint, nowMs: this.clock.machineMs() },
    );
    if (!grant.ok) throw notAccepted(grant.reason);
    this.#good.set(nameOf(token), grant.value, this.clock.monotonicMs());
    return grant.value;
  }

  /** Whether what was granted still holds: the token has not expired and its key was not withdrawn. */
  isValid({ expiresAtMs, keyId }: Grant): boolean {
    return expiresAtMs + LEEWAY_MS > this.clock.machineMs() && (keyId === undefined || this.keys.has(keyId));
  }
}

/** The claims if the signature holds; GrapevineError `unauthorized` otherwise. */
async function claimsOf(token: string, { alg }: TokenHeader, { key }: TokenKey): Promise<unknown> {
  try {
    const verifier = jose.JWS.createVerify(key, { algorithms: [alg], allowEmbeddedKey: false });
    const { payload } = await verifier.verify(token);
    return JSON.parse(Buffer.from(payload).toString('utf8')) as unknown;
  } catch {
    throw notAccepted('its signature does not hold');
  }
}

function notAccepted(reason: string): GrapevineError {
  return new GrapevineError('unauthorized', `The token is not accepted: ${reason}.`, { challenge: 'invalid_token' });
}

/** The token itself is not kept. */
function nameOf(token: string): string {
  return hash('sha256', token, 'base64url');
}
