import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { Alarms } from '../runtime/alarms.service.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { WatchedDocument } from '../runtime/watched-document.adapter.js';
import { decodePolicy, POLICY_BYTES_MAX } from './policy-file.js';
import { OPEN_POLICY, type TopicPolicy } from './topic-policy.js';

/** Who may publish and read what, as the file says now; a wrong file leaves it as it was. Ready after `onModuleInit`. */
@Injectable()
export class TopicPolicies implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #document: WatchedDocument<TopicPolicy> | undefined;
  readonly #listeners: (() => void)[] = [];

  constructor(settings: Settings, logger: NodeLogger, alarms: Alarms, clock: SystemClock) {
    const { topicPolicyFile: path } = settings;
    if (path === undefined) return;
    const kind = { what: 'topic policy', path, bytesMax: POLICY_BYTES_MAX, decode: decodePolicy };
    this.#document = new WatchedDocument(kind, { logger, alarms, clock });
  }

  async onModuleInit(): Promise<void> {
    await this.#document?.open();
  }

  onApplicationBootstrap(): void {
    this.#document?.watch(() => this.#listeners.forEach((changed) => changed()));
  }

  onApplicationShutdown(): void {
    this.#document?.close();
  }

  /** Without a file everything is open. */
  get current(): TopicPolicy {
    return this.#document?.value ?? OPEN_POLICY;
  }

  /** `changed` is called after each change, in the order of attaching. */
  attach(changed: () => void): void {
    this.#listeners.push(changed);
  }
}
