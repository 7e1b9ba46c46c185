/** Signatures that a token may carry (RFC 7518): asymmetric ones alone, so that a public key can never pass for a shared secret. */
export const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;

/** One of the signatures that a token may carry. */
export type Algorithm = (typeof ALGORITHMS)[number];

const CURVES: ReadonlyMap<unknown, Algorithm> = new Map([
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['P-521', 'ES512'],
]);

/** Whether a text names an allowed algorithm. */
export function isAlgorithm(text: unknown): text is Algorithm {
  return ALGORITHMS.includes(text as Algorithm);
}

/** What a key may have signed with: the algorithm of its curve, or those of RSA. */
export function algorithmsOf(jwk: { readonly kty?: unknown; readonly crv?: unknown }): readonly Algorithm[] {
  if (jwk.kty === 'RSA') return ALGORITHMS.filter((algorithm) => !algorithm.startsWith('ES'));
  const algorithm = jwk.kty === 'EC' ? CURVES.get(jwk.crv) : undefined;
  return algorithm === undefined ? [] : [algorithm];
}
