import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module.js';
import { DiscoveryService } from './discovery.service.js';
import { MembershipService } from './membership.service.js';
import { MeshServer } from './mesh-server.service.js';
import { NodeName } from './node-name.service.js';
import { PeersService } from './peers.service.js';
import { SocketLinks } from './socket-links.service.js';
import { StatementSignatures } from './statement-signatures.service.js';

/** The other nodes: links to them, who of them lives, and what each wants. */
@Module({
  imports: [CryptoModule],
  providers: [
    MeshServer,
    SocketLinks,
    DiscoveryService,
    StatementSignatures,
    MembershipService,
    NodeName,
    PeersService,
  ],
  exports: [PeersService],
})
export class PeersModule {}
