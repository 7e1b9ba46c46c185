import { createECDH, randomBytes } from 'node:crypto';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { AcceptedSecrets } from './accepted-secrets.js';
import { Handshake, type HandshakeRole } from './handshake.js';
import { HELLO_NONCE_BYTES, type VersionRange } from './hello.js';
import { IdentityService } from './identity.service.js';
import { PROTOCOL_VERSIONS, SPOKEN_VERSIONS } from './protocol-version.js';
import { RecordsService } from './records.service.js';

/** Makes the handshakes of this node, each with fresh random values. */
@Injectable()
export class HandshakesService {
  constructor(
    private readonly settings: Settings,
    private readonly identity: IdentityService,
    private readonly records: RecordsService,
    @Optional() @Inject(SPOKEN_VERSIONS) private readonly versions: VersionRange = PROTOCOL_VERSIONS,
    private readonly secrets: AcceptedSecrets = new AcceptedSecrets(settings),
  ) {}

  /** A handshake that presents `recordJws`, this node's newest record. */
  create(role: HandshakeRole, recordJws: string): Handshake {
    const ephemeral = createECDH('prime256v1');
    ephemeral.generateKeys();
    return new Handshake({
      role,
      cluster: this.settings.clusterName,
      versions: this.versions,
      keys: this.secrets.hello,
      recordJws,
      sign: (bytes) => this.identity.sign(bytes),
      verifyRecord: (jws) => this.records.verify(jws),
      nonce: randomBytes(HELLO_NONCE_BYTES),
      ephemeral,
    });
  }
}
