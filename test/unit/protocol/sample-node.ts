import { createECDH, createHash, type ECDH } from 'node:crypto';
import { Settings } from '../../../src/config/settings.js';
import { AllowList } from '../../../src/crypto/allow-list.service.js';
import { helloKeysOf } from '../../../src/crypto/cluster-keys.js';
import { Handshake, type HandshakeRole } from '../../../src/crypto/handshake.js';
import { IDENTITY_FILE, IdentityService } from '../../../src/crypto/identity.service.js';
import { RecordsService } from '../../../src/crypto/records.service.js';
import type { Sign } from '../../../src/crypto/signature.js';
import { DataFolder } from '../../../src/runtime/data-folder.service.js';
import { allowListOf } from '../crypto/node-fixture.js';

export const CLUSTER = 'sample';
export const SECRET = 'a secret of more than thirty-two characters';
export const EPOCHS = { A: 1_767_225_600_000, B: 1_767_225_601_000 } as const;

export type SampleName = keyof typeof EPOCHS;

/** All that a real node draws at random is a hash of its name in the sample session, cut to the length that is needed. */
export function sampleBytes(purpose: string, length = 32): Buffer {
  return createHash('sha256').update(`grapevine example: ${purpose}`).digest().subarray(0, length);
}

function sampleKeyPair(purpose: string): ECDH {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(sampleBytes(purpose));
  return pair;
}

/** One of the two nodes of the sample session, with keys that everybody can compute. */
export class SampleNode {
  private constructor(
    readonly name: SampleName,
    readonly identity: IdentityService,
    readonly records: RecordsService,
    private readonly settings: Settings,
  ) {}

  static async create(name: SampleName): Promise<SampleNode> {
    const settings = Object.assign(new Settings(), { name, clusterName: CLUSTER, clusterSecret: SECRET });
    const folder = new DataFolder(undefined);
    const keys = [
      jwkOf(sampleKeyPair(`${name} signing key`), { use: 'sig', alg: 'ES256' }),
      jwkOf(sampleKeyPair(`${name} encryption key`), { use: 'enc', alg: 'ECDH-ES+A256KW' }),
    ];
    await folder.writeJson(IDENTITY_FILE, { keys });
    const identity = new IdentityService(settings, folder);
    await identity.onModuleInit();
    const allowList: AllowList = allowListOf(settings);
    return new SampleNode(name, identity, new RecordsService(settings, identity, allowList), settings);
  }

  get id(): string {
    return this.identity.id;
  }

  /** The record of this node, signed anew; only its signature differs from one time to the next. */
  signRecord(): Promise<string> {
    const url = `http://127.0.0.1:${this.name === 'A' ? 8000 : 8001}`;
    return this.identity.signRecord({
      name: this.name,
      url,
      epoch: EPOCHS[this.name],
      incarnation: 0,
      status: 'alive',
    });
  }

  handshake(role: HandshakeRole, recordJws: string, sign: Sign): Handshake {
    return new Handshake({
      role,
      cluster: CLUSTER,
      versions: { min: 1, max: 1 },
      keys: helloKeysOf(this.settings),
      recordJws,
      sign,
      verifyRecord: (jws) => this.records.verify(jws),
      nonce: sampleBytes(`${this.name} nonce`),
      ephemeral: sampleKeyPair(`${this.name} ephemeral key`),
    });
  }
}

function jwkOf(pair: ECDH, how: { readonly use: string; readonly alg: string }): object {
  const point = pair.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  return { kty: 'EC', crv: 'P-256', x, y, d: pair.getPrivateKey().toString('base64url'), ...how };
}
