import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { DataFolder } from '../runtime/data-folder.service.js';
import { StartError } from '../runtime/start-error.js';
import { AcceptedSecrets } from './accepted-secrets.js';
import { admissionOf } from './admission.js';
import { AEAD_NONCE_BYTES, aeadUnwrap, aeadWrap } from './aead.js';
import { createIdentity, readIdentity, type IdentityKeys } from './identity-keys.js';
import { openEnvelope } from './key-envelope.js';
import type { NodeRecord } from './node-record.js';
import { thumbprintOf, type PublicJwk } from './public-key.js';
import { signNodeRecord } from './record-signature.js';
import { signBytes } from './signature.js';

export const IDENTITY_FILE = 'identity.jwks.json';

const AT_REST = Buffer.from('grapevine key at rest 1');

/** What a node decides about its own record; the rest follows from its identity and cluster. */
export type OwnRecordFields = Omit<NodeRecord, 'id' | 'signingKey' | 'encryptionKey' | 'admission' | 'cluster'>;

/** Who this node is: two key pairs made at its first start and kept in the data folder. Ready after `onModuleInit`. */
@Injectable()
export class IdentityService implements OnModuleInit {
  #keys: IdentityKeys | undefined;
  #id = '';

  constructor(
    private readonly settings: Settings,
    private readonly folder: DataFolder,
    private readonly secrets: AcceptedSecrets = new AcceptedSecrets(settings),
  ) {}

  async onModuleInit(): Promise<void> {
    const saved = await this.folder.readJson(IDENTITY_FILE);
    const keys = await readIdentity(saved === undefined ? await this.#create() : saved);
    if (!keys.ok) throw new StartError(`${IDENTITY_FILE} in the data folder is damaged: ${keys.reason}`);
    this.#keys = keys.value;
    this.#id = thumbprintOf(keys.value.signingKey);
  }

  /** RFC 7638 thumbprint of the signing key. */
  get id(): string {
    this.#opened();
    return this.#id;
  }

  get publicKeys(): { readonly signingKey: PublicJwk; readonly encryptionKey: PublicJwk } {
    const { signingKey, encryptionKey } = this.#opened();
    return { signingKey, encryptionKey };
  }

  /** ES256, 64 bytes. `bytes` must begin with a domain tag of their own, so that no signature serves two purposes. */
  sign(bytes: Uint8Array): Buffer {
    return signBytes(this.#opened().signer, bytes);
  }

  /** This node's record as a compact JWS. */
  async signRecord(fields: OwnRecordFields): Promise<string> {
    const node = { cluster: this.settings.clusterName, id: this.id };
    const admission = admissionOf(node, this.secrets.accepted);
    const record = { ...node, ...fields, ...this.publicKeys, ...(admission === undefined ? {} : { admission }) };
    return signNodeRecord(record, this.#opened().joseSigner);
  }

  /** What was sealed to this node's encryption key, or undefined; never rejects for what the envelope holds. */
  async openEnvelope(envelope: string): Promise<Buffer | undefined> {
    return openEnvelope(this.#opened().joseDecrypter, envelope);
  }

  /** Encrypts a key for this node's own disk. */
  wrapKey(key: Uint8Array): Buffer {
    const nonce = randomBytes(AEAD_NONCE_BYTES);
    return aeadWrap({ key: this.#opened().atRestKey, nonce, aad: AT_REST, plaintext: key });
  }

  /** The key that `wrapKey` wrapped with this identity, else undefined. */
  unwrapKey(wrapped: Uint8Array): Buffer | undefined {
    return aeadUnwrap({ key: this.#opened().atRestKey, aad: AT_REST, wrapped });
  }

  async #create(): Promise<object> {
    const identity = await createIdentity();
    await this.folder.writeJson(IDENTITY_FILE, identity, 0o600);
    return identity;
  }

  #opened(): IdentityKeys {
    if (this.#keys === undefined) throw new Error('the identity is used before onModuleInit');
    return this.#keys;
  }
}
