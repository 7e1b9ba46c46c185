import { Module, type OnModuleInit } from '@nestjs/common';
import { GossipModule } from '../gossip/gossip.module.js';
import { GossipService } from '../gossip/gossip.service.js';
import { PeersModule } from '../peers/peers.module.js';
import { DrainService } from './drain.service.js';
import { DurableCursors } from './durable-cursors.service.js';
import { HandlersService } from './handlers.service.js';
import { InterestService } from './interest.service.js';
import { NodeSubscriptions } from './node-subscriptions.service.js';
import { PublishingService } from './publishing.service.js';
import { RepeatsService } from './repeats.service.js';
import { StatusService } from './status.service.js';
import { SubscribersService } from './subscribers.service.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Local subscribers: what they want, what they still have to get, and what is published for them. */
@Module({
  imports: [GossipModule, PeersModule],
  providers: [
    DrainService,
    DurableCursors,
    HandlersService,
    InterestService,
    NodeSubscriptions,
    PublishingService,
    RepeatsService,
    StatusService,
    SubscribersService,
    SubscriptionsService,
  ],
  exports: [DrainService, HandlersService, PublishingService, StatusService, SubscriptionsService],
})
export class SubscriptionsModule implements OnModuleInit {
  constructor(private readonly gossip: GossipService) {}

  /** After its services: what was saved goes into the first that others hear of this node. */
  onModuleInit(): void {
    this.gossip.tellInterest();
  }
}
