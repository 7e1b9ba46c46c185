import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module.js';
import { PeersModule } from '../peers/peers.module.js';
import { AckWaits } from './publishing/ack-waits.service.js';
import { BundleLog } from './log/bundle-log.service.js';
import { bundleStoreProvider } from './store/bundle-store.provider.js';
import { DeliveryService } from './delivery/delivery.service.js';
import { GossipDriver } from './delivery/gossip-driver.service.js';
import { GossipService } from './gossip.service.js';
import { InboxService } from './delivery/inbox.service.js';
import { KeyRequests } from './keys/key-requests.service.js';
import { PublishRoom } from './publishing/publish-room.service.js';
import { PublisherService } from './publishing/publisher.service.js';
import { PublishersService } from './keys/publishers.service.js';
import { RelayedKeys } from './keys/relayed-keys.service.js';
import { StreamAdmission } from './keys/stream-admission.service.js';
import { TopicKeysService } from './keys/topic-keys.service.js';

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
    StreamAdmission,
    RelayedKeys,
    BundleLog,
    bundleStoreProvider,
  ],
  exports: [GossipService],
})
export class GossipModule {}
