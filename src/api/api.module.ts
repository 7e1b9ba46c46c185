import { type DynamicModule, Module } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import type { Settings } from '../config/settings.js';
import { GossipModule } from '../gossip/gossip.module.js';
import { PeersModule } from '../peers/peers.module.js';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { ClientCounters } from './client-counters.js';
import { ClientPublishing } from './client-publishing.service.js';
import { EventStreams } from './event-streams.service.js';
import { EventsGateway, eventsGatewayAt } from './events.gateway.js';
import { MessageViews } from './message-view.js';
import { MessagesController } from './messages.controller.js';
import { MetricsService } from './metrics.service.js';
import { NdjsonIntake } from './ndjson-intake.service.js';
import { ProblemFilter } from './problem.filter.js';
import { PublishController } from './publish.controller.js';
import { StatusController } from './status.controller.js';
import { StreamController } from './stream.controller.js';
import { SubscriptionsController } from './subscriptions.controller.js';
import { TopicsController } from './topics.controller.js';

/** The REST and event interfaces, mounted below a prefix; in an app of its own the prefix is empty. */
@Module({
  imports: [SubscriptionsModule, GossipModule, PeersModule],
  controllers: [
    PublishController,
    SubscriptionsController,
    MessagesController,
    StreamController,
    TopicsController,
    StatusController,
  ],
  providers: [
    ClientCounters,
    ClientPublishing,
    EventStreams,
    MessageViews,
    MetricsService,
    NdjsonIntake,
    ProblemFilter,
  ],
  exports: [ProblemFilter],
})
export class ApiModule {
  static forRoot(settings: Settings & { readonly api: { readonly prefix: string } }): DynamicModule {
    const { prefix } = settings.api;
    return {
      module: ApiModule,
      imports: prefix === '' ? [] : [RouterModule.register([{ path: prefix, module: ApiModule }])],
      providers: [{ provide: EventsGateway, useClass: eventsGatewayAt(prefix, settings) }],
    };
  }
}
