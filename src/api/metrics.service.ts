import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { GossipService } from '../gossip/gossip.service.js';
import { PeersService } from '../peers/peers.service.js';
import { StatusService, type NodeStatus } from '../subscriptions/status.service.js';
import { ClientCounters } from './client-counters.js';
import { clientMetrics } from './client-metrics.js';
import { clusterMetrics } from './cluster-metrics.js';
import { gossipMetrics } from './gossip-metrics.js';
import { linkMetrics } from './link-metrics.js';
import type { Metric } from './metric.js';

/** The node's metrics in a registry of its own, so that they meet neither the host application's nor another node's. */
@Injectable()
export class MetricsService {
  readonly #registry = new Registry();
  /** Of the scrape that is going on. */
  #status: NodeStatus | undefined;

  constructor(status: StatusService, gossip: GossipService, peers: PeersService, clients: ClientCounters) {
    collectDefaultMetrics({ register: this.#registry });
    const metrics = [
      ...clusterMetrics(() => (this.#status ??= status.status())),
      ...gossipMetrics(gossip),
      ...linkMetrics(peers),
      ...clientMetrics(clients),
    ];
    for (const metric of metrics) this.#add(metric);
  }

  text(): Promise<string> {
    this.#status = undefined;
    return this.#registry.metrics();
  }

  #add({ type, name, help, label, samples }: Metric): void {
    const options = { name, help, labelNames: label === undefined ? [] : [label], registers: [] };
    const collected =
      type === 'gauge'
        ? new Gauge({
            ...options,
            collect: setFrom((gauge: Gauge, labels, value) => gauge.set(labels, value), samples),
          })
        : new Counter({
            ...options,
            collect: setFrom((counter: Counter, labels, value) => counter.inc(labels, value), samples),
          });
    this.#registry.registerMetric(collected);
  }
}

/** Sets a metric to what was counted elsewhere, each time it is asked for. */
function setFrom<M extends { reset(): void }>(
  set: (metric: M, labels: Record<string, string>, value: number) => void,
  samples: Metric['samples'],
): (this: M) => void {
  return function (this: M): void {
    this.reset();
    for (const { labels, value } of samples()) set(this, { ...labels }, value);
  };
}
