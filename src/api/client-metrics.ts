import type { ClientCounters } from './client-counters.js';
import { labelled, type Metric } from './metric.js';

/** What clients of this node get, by how they are connected. */
export function clientMetrics({ connected, messagesOut, gaps, cut, expired, refused }: ClientCounters): Metric[] {
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
      { name: 'grapevine_clients_cut_total', help: 'Clients cut for reading too slowly or asking too much.', label },
      () => Object.entries(cut),
    ),
    labelled(
      'counter',
      { name: 'grapevine_clients_expired_total', help: 'Clients cut as their token expired.', label },
      () => Object.entries(expired),
    ),
    labelled(
      'counter',
      { name: 'grapevine_client_refusals_total', help: 'What clients asked for and were refused.', label: 'reason' },
      () => Object.entries(refused),
    ),
  ];
}
