import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module.js';
import { PeersModule } from '../peers/peers.module.js';
import { AckWaits } from './ack-waits.service.js';
import { BundleLog } from './bundle-log.service.js';
import { bundleStoreProvider } from './bundle-store.provider.js';
import { Deadlines } from './deadlines.service.js';
import { DeliveryService } from './delivery.service.js';
import { GossipDriver } from './gossip-driver.service.js';
import { GossipService } from './gossip.service.js';
import { InboxService } from './inbox.service.js';
import { KeyRequests } from './key-requests.service.js';
import { PublishRoom } from './publish-room.service.js';
import { PublisherService } from './publisher.service.js';
import { PublishersService } from './publishers.service.js';
import { TopicKeysService } from './topic-keys.service.js';

/** Streams, bundles, the log, dissemination, repair and topic keys. */
@Module({
  imports: [CryptoModule, PeersModule],
  providers: [
    GossipService,
    GossipDriver,
    InboxService,
    PublisherService,
    PublishRoom,
    AckWaits,
    DeliveryService,
    TopicKeysService,
    KeyRequests,
    PublishersService,
    BundleLog,
    bundleStoreProvider,
    Deadlines,
  ],
  exports: [GossipService],
})
export class GossipModule {}
