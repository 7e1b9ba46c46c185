/** The claims of a token (RFC 7519) that a node looks at: `exp`, `nbf`, `aud`, `iss`, `sub`, and its own `publish` and `subscribe`. */
import { patternProblem } from '../../topics/topic.js';
import { decoded, refused, type Decoded } from '../../wire/decoded.js';
import type { Grant } from './grant.js';

/** How far the clocks of the issuer and this node may be apart. */
export const LEEWAY_MS = 2_000;
/** Patterns that a token may have for each deed. */
export const GRANTED_PATTERNS_MAX = 256;
const CLAIM_CHARACTERS_MAX = 255;

/** What a token must say to be meant for this node. */
export interface Expectations {
  readonly audience: string;
  /** Undefined when any issuer will do, as the keys decide. */
  readonly issuer: string | undefined;
}

/** Reads the claims of a token whose signature holds. */
export function readClaims(
  claims: unknown,
  { audience, issuer }: Expectations,
  { keyId, nowMs }: { readonly keyId: string; readonly nowMs: number },
): Decoded<Grant> {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return refused('it has no claims');
  const { exp, nbf, aud, iss, sub, publish = [], subscribe = [] } = claims as Readonly<Record<string, unknown>>;
  if (!isTime(exp)) return refused('it has no expiry (exp)');
  if (nbf !== undefined && !isTime(nbf)) return refused('its nbf is not a time');
  const expiresAtMs = exp * 1_000;
  if (expiresAtMs + LEEWAY_MS <= nowMs) return refused('it has expired');
  if (nbf !== undefined && nbf * 1_000 - LEEWAY_MS > nowMs) return refused('it is not valid yet (nbf)');
  if (!(Array.isArray(aud) ? aud : [aud]).includes(audience)) return refused('it is for another audience (aud)');
  if (issuer !== undefined && iss !== issuer) return refused('it is from another issuer (iss)');
  if (!isName(sub) || !isName(iss)) return refused('its sub or iss is not a short text');
  if (!arePatterns(publish)) return refused('its claim publish is not a list of topic patterns');
  if (!arePatterns(subscribe)) return refused('its claim subscribe is not a list of topic patterns');
  // Two issuers may each have an alice.
  const subject = sub === undefined ? undefined : JSON.stringify([iss, sub]);
  return decoded({ subject, publish, subscribe, expiresAtMs, keyId });
}

/** Seconds since 1970, up to the last moment that a `Date` can name. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 8.64e12;
}

function isName(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value.length > 0 && value.length <= CLAIM_CHARACTERS_MAX);
}

function arePatterns(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= GRANTED_PATTERNS_MAX &&
    value.every((entry) => typeof entry === 'string' && patternProblem(entry) === undefined)
  );
}
