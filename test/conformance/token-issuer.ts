import jose from 'node-jose';

/** Claims as a test wants them; those that every token needs are added. */
export type Claims = Readonly<Record<string, unknown>>;

/** Whoever signs the tokens of a test. */
export class TokenIssuer {
  private constructor(
    readonly key: jose.JWK.Key,
    private readonly alg: string,
  ) {}

  static async create(alg = 'ES256', kid = `key-${alg}`): Promise<TokenIssuer> {
    const curve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[alg];
    const store = jose.JWK.createKeyStore();
    const key = await (curve === undefined
      ? store.generate('RSA', 2_048, { kid })
      : store.generate('EC', curve, { kid }));
    return new TokenIssuer(key, alg);
  }

  /** The public keys of some issuers as a JWK set. */
  static jwks(...issuers: readonly TokenIssuer[]): string {
    return JSON.stringify({ keys: issuers.map(({ key }) => key.toJSON()) });
  }

  /** A token for a node of the default cluster, good for ten minutes. */
  token(claims: Claims = {}, header: object = {}): Promise<string> {
    const exp = Math.floor(Date.now() / 1_000) + 600;
    const payload = JSON.stringify({ aud: 'grapevine', sub: 'alice', exp, ...claims });
    return this.sign(payload, header);
  }

  async sign(payload: string, header: object = {}): Promise<string> {
    const signer = jose.JWS.createSign({ format: 'compact', alg: this.alg, fields: header }, this.key);
    return (await signer.update(payload, 'utf8').final()) as unknown as string;
  }
}
