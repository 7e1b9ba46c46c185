import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module.js';
import { resolveName } from './discovery/system-resolver.adapter.js';
import { NAME_RESOLVER } from './discovery/name-resolver.js';
import { DiscoveryService } from './discovery/discovery.service.js';
import { MembershipService } from './membership/membership.service.js';
import { MeshServer } from './links/mesh-server.service.js';
import { NodeName } from './membership/node-name.service.js';
import { QuarantineService } from './quarantine/quarantine.service.js';
import { Joining } from './joining.service.js';
import { PeersService } from './peers.service.js';
import { RulesComparison } from './rules/rules-comparison.service.js';
import { SocketLinks } from './links/socket-links.service.js';
import { StatementSignatures } from './membership/statement-signatures.service.js';

/** The other nodes: links to them, who of them lives, and what each wants. */
@Module({
  imports: [CryptoModule],
  providers: [
    MeshServer,
    SocketLinks,
    { provide: NAME_RESOLVER, useValue: resolveName },
    DiscoveryService,
    StatementSignatures,
    MembershipService,
    NodeName,
    Joining,
    QuarantineService,
    RulesComparison,
    PeersService,
  ],
  exports: [PeersService, RulesComparison],
})
export class PeersModule {}
