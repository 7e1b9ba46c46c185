import type { ClientCounters } from './client-counters.js';
import { labelled, type Metric } from './metric.js';

/** What clients of this node get, by how they are connected. */
export function clientMetrics({ connected, messagesOut, gaps, cut }: ClientCounters): Metric[] {
  const label = 'kind';
  return [
    labelled('gauge', { name: 'grapevine_clients', help: 'Clients connected.', label }, () =>
      Object.entries(connected),
    ),
    labelled(
      'counter',
      { name: 'grapevine_client_messages_sent_total', help: 'Messages sent to clients.', label },
      () => Object.entries(messagesOut),
    ),
    labelled('counter', { name: 'grapevine_client_gaps_total', help: 'Gaps that clients were told of.', label }, () =>
      Object.entries(gaps),
    ),
    labelled(
      'counter',
      { name: 'grapevine_clients_cut_total', help: 'Clients cut for reading too slowly.', label },
      () => Object.entries(cut),
    ),
  ];
}
