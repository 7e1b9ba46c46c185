import type { PeersService } from '../peers/peers.service.js';
import { counter, labelled, type Metric } from './metric.js';

/** Links to peers, and what goes over them. */
export function linkMetrics(peers: Pick<PeersService, 'counters' | 'exclusions'>): Metric[] {
  const links = () => peers.counters;
  const reason = 'reason';
  const lane = 'lane';
  return [
    counter({ name: name('link_dials'), help: 'Connections tried.' }, () => links().dials),
    counter({ name: name('links_up'), help: 'Links made.' }, () => links().linksUp),
    counter({ name: name('links_down'), help: 'Links lost.' }, () => links().linksDown),
    counter(
      { name: name('stamps_ahead'), help: 'Publish times ahead of now, taken for now.' },
      () => links().stampsAhead,
    ),
    counter({ name: name('link_frames_received'), help: 'Frames received.' }, () => links().framesIn),
    counter({ name: name('link_bytes_received'), help: 'Bytes of frames received.' }, () => links().bytesIn),
    labelled('counter', { name: name('link_frames_sent'), help: 'Frames sent.', label: lane }, () =>
      Object.entries(links().framesOut),
    ),
    labelled('counter', { name: name('link_bytes_sent'), help: 'Bytes of frames sent.', label: lane }, () =>
      Object.entries(links().bytesOut),
    ),
    labelled('counter', { name: name('links_closed'), help: 'Connections ended here.', label: reason }, () =>
      links().closed.entries(),
    ),
    labelled(
      'counter',
      { name: name('links_closed_by_peer'), help: 'Connections ended by peers.', label: reason },
      () => links().closedByPeer.entries(),
    ),
    labelled('counter', { name: name('links_turned_away'), help: 'Refused before a handshake.', label: reason }, () =>
      links().turnedAway.entries(),
    ),
    labelled(
      'counter',
      { name: name('peer_frames_refused'), help: 'Refused after the handshake.', label: reason },
      () => links().refused.entries(),
    ),
    labelled('counter', { name: name('quarantines'), help: 'Peers shut out for a while.', label: reason }, () =>
      peers.exclusions.entries(),
    ),
  ];
}

function name(rest: string): string {
  return `grapevine_${rest}_total`;
}
