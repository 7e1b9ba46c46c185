import { createECDH, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { helloKeysOf, type ClusterKeys } from './cluster-keys.js';
import { Handshake, type HandshakeRole } from './handshake.js';
import { HELLO_NONCE_BYTES } from './hello.js';
import { IdentityService } from './identity.service.js';
import { RecordsService } from './records.service.js';

/** Protocol versions that this build speaks. */
export const PROTOCOL_VERSIONS = { min: 1, max: 1 } as const;

/** Makes the handshakes of this node, each with fresh random values. */
@Injectable()
export class HandshakesService {
  readonly #keys: readonly ClusterKeys[];

  constructor(
    private readonly settings: Settings,
    private readonly identity: IdentityService,
    private readonly records: RecordsService,
  ) {
    this.#keys = helloKeysOf(settings);
  }

  /** A handshake that presents `recordJws`, this node's newest record. */
  create(role: HandshakeRole, recordJws: string): Handshake {
    const ephemeral = createECDH('prime256v1');
    ephemeral.generateKeys();
    return new Handshake({
      role,
      cluster: this.settings.clusterName,
      versions: PROTOCOL_VERSIONS,
      keys: this.#keys,
      recordJws,
      sign: (bytes) => this.identity.sign(bytes),
      verifyRecord: (jws) => this.records.verify(jws),
      nonce: randomBytes(HELLO_NONCE_BYTES),
      ephemeral,
    });
  }
}
