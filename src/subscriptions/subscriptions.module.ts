import { Module } from '@nestjs/common';
import { DrainService } from './drain.service.js';
import { PublishingService } from './publishing.service.js';
import { StatusService } from './status.service.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Local subscribers: what they want, what they still have to get, and what is published for them. */
@Module({
  providers: [DrainService, PublishingService, StatusService, SubscriptionsService],
  exports: [DrainService, PublishingService, StatusService, SubscriptionsService],
})
export class SubscriptionsModule {}
