import type { GossipService } from '../gossip/gossip.service.js';
import { counter, labelled, type Metric } from './metric.js';

/** Bundles and messages between nodes: pushed once to each that is interested, repaired where a push was missed. */
export function gossipMetrics(gossip: Pick<GossipService, 'counters'>): Metric[] {
  const sent = () => gossip.counters.sent;
  const received = () => gossip.counters.received;
  const store = () => gossip.counters.store;
  return [
    count('messages_published', 'Messages that entered at this node.', () => sent().publishedMessages),
    count('bundles_pushed', 'Bundles sent to peers when they were new.', () => sent().pushedBundles),
    count('messages_pushed', 'Messages in bundles that were pushed, once a peer.', () => sent().pushedMessages),
    count('bundles_repaired', 'Bundles sent to peers that asked for them.', () => sent().repairedBundles),
    count('messages_repaired', 'Messages in bundles that peers asked for.', () => sent().repairedMessages),
    count('bundles_received', 'Bundles that came from peers.', () => received().receivedBundles),
    count('messages_received', 'Messages in bundles that came from peers.', () => received().receivedMessages),
    count('bundle_bytes_received', 'Bytes of bundles that came from peers.', () => received().receivedBytes),
    count('bundles_duplicate', 'Received bundles that were known already.', () => received().duplicateBundles),
    count('gaps', 'Ranges of messages that this node wanted and cannot get.', () => sent().gaps),
    count('log_failures', 'Bundles that could not be written to the log.', () => sent().logFailures),
    count('store_records_damaged', 'Rows of the store that were not what was written.', () => store().recordsDamaged),
    count('stores_set_aside', 'Stores that were of no use and moved out of the way.', () => store().storesSetAside),
    labelled(
      'counter',
      {
        name: 'grapevine_bundles_refused_total',
        help: 'Received bundles and frames that were refused.',
        label: 'reason',
      },
      () => Object.entries(received().refused),
    ),
  ];
}

function count(name: string, help: string, value: () => number): Metric {
  return counter({ name: `grapevine_${name}_total`, help }, value);
}
