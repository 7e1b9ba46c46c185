export { mountDocs } from './api/docs.setup.js';
export type { GrapevineOptions } from './config/options.js';
export type { AckLevel, Gap } from './gossip/bundles/message.js';
export { GrapevineModule } from './grapevine.module.js';
export {
  Grapevine,
  type GrapevineHandler,
  type GrapevineMessage,
  type GrapevinePublishOptions,
  type GrapevineReceipt,
  type GrapevineSubscribeOptions,
  type GrapevineSubscription,
} from './grapevine.service.js';
export { GrapevineError, type ErrorCode } from './runtime/errors.js';
export { StartError } from './runtime/start-error.js';
export { startNode, type RunningNode } from './start-node.js';
export type { After } from './subscriptions/starting-point.js';
export type { NodeStatus } from './subscriptions/status.service.js';
