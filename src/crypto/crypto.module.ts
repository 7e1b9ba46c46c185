import { Module } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { AcceptedSecrets } from './accepted-secrets.js';
import { AllowList } from './allow-list.service.js';
import { HandshakesService } from './handshakes.service.js';
import { IdentityService } from './identity.service.js';
import { PROTOCOL_VERSIONS, SPOKEN_VERSIONS } from './protocol-version.js';
import { RecordsService } from './records.service.js';
import { SecretFile } from './secret-file.service.js';
import { TopicPolicies } from './topic-policies.service.js';

/** Who this node is, whom it believes, and how it greets. */
@Module({
  providers: [
    { provide: AcceptedSecrets, useFactory: secretsOf, inject: [Settings] },
    SecretFile,
    IdentityService,
    AllowList,
    TopicPolicies,
    RecordsService,
    HandshakesService,
    { provide: SPOKEN_VERSIONS, useValue: PROTOCOL_VERSIONS },
  ],
  exports: [AcceptedSecrets, IdentityService, AllowList, TopicPolicies, RecordsService, HandshakesService],
})
export class CryptoModule {}

function secretsOf(settings: Settings): AcceptedSecrets {
  return new AcceptedSecrets(settings);
}
