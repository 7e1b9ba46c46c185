import { Module } from '@nestjs/common';
import { AllowList } from './allow-list.service.js';
import { HandshakesService } from './handshakes.service.js';
import { IdentityService } from './identity.service.js';
import { PROTOCOL_VERSIONS, SPOKEN_VERSIONS } from './protocol-version.js';
import { RecordsService } from './records.service.js';
import { TopicPolicies } from './topic-policies.service.js';

/** Who this node is, whom it believes, and how it greets. */
@Module({
  providers: [
    IdentityService,
    AllowList,
    TopicPolicies,
    RecordsService,
    HandshakesService,
    { provide: SPOKEN_VERSIONS, useValue: PROTOCOL_VERSIONS },
  ],
  exports: [IdentityService, AllowList, TopicPolicies, RecordsService, HandshakesService],
})
export class CryptoModule {}
