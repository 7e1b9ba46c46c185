import { type DynamicModule, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { isLoopbackHost } from '../config/addresses.js';
import { Settings } from '../config/settings.js';
import { GossipModule } from '../gossip/gossip.module.js';
import { GossipService } from '../gossip/gossip.service.js';
import type { NodeId } from '../peers/node-id.js';
import { PeersModule } from '../peers/peers.module.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { MessageViews } from '../subscriptions/message-view.js';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { ClientAccess } from './auth/access.service.js';
import { ClientSessions } from './auth/client-sessions.service.js';
import { TokenKeys } from './auth/token-keys.service.js';
import { Tokens } from './auth/tokens.service.js';
import { ClientCounters } from './client-counters.js';
import { ClientPublishing } from './client-publishing.service.js';
import { EventStreams } from './event-streams.service.js';
import { EventsGateway, eventsGatewayAt } from './events.gateway.js';
import { HostCheck } from './http/host-check.service.js';
import { SocketDoor } from './http/socket-door.service.js';
import { TlsFiles } from './http/tls-files.service.js';
import { ClientLimits } from './limits/client-limits.service.js';
import { OpenConnections } from './limits/open-connections.service.js';
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
    ClientAccess,
    ClientCounters,
    ClientLimits,
    ClientPublishing,
    ClientSessions,
    EventStreams,
    HostCheck,
    {
      provide: MessageViews,
      useFactory: (gossip: GossipService) => new MessageViews((id: NodeId) => gossip.nameOf(id)),
      inject: [GossipService],
    },
    MetricsService,
    NdjsonIntake,
    OpenConnections,
    ProblemFilter,
    SocketDoor,
    TlsFiles,
    TokenKeys,
    Tokens,
  ],
  exports: [ProblemFilter],
})
export class ApiModule implements OnApplicationBootstrap {
  constructor(
    private readonly settings: Settings,
    private readonly logger: NodeLogger,
  ) {}

  onApplicationBootstrap(): void {
    const { host, apiAuth } = this.settings;
    if (apiAuth === 'open' && !isLoopbackHost(host))
      this.logger.warn('interfaces are open to everybody who reaches the port', { host });
  }

  static forRoot(settings: Settings & { readonly api: { readonly prefix: string } }): DynamicModule {
    const { prefix } = settings.api;
    return {
      module: ApiModule,
      imports: prefix === '' ? [] : [RouterModule.register([{ path: prefix, module: ApiModule }])],
      providers: [{ provide: EventsGateway, useClass: eventsGatewayAt(prefix, settings) }],
    };
  }
}
