import { Module } from '@nestjs/common';
import { AllowList } from './allow-list.service.js';
import { HandshakesService } from './handshakes.service.js';
import { IdentityService } from './identity.service.js';
import { RecordsService } from './records.service.js';
import { TopicPolicies } from './topic-policies.service.js';

/** Who this node is, whom it believes, and how it greets. */
@Module({
  providers: [IdentityService, AllowList, TopicPolicies, RecordsService, HandshakesService],
  exports: [IdentityService, AllowList, TopicPolicies, RecordsService, HandshakesService],
})
export class CryptoModule {}
