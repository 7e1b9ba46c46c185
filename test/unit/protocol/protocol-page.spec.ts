import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HANDSHAKE_BYTES_MAX } from '../../../src/crypto/handshake.js';
import { HELLO_BYTES } from '../../../src/crypto/hello.js';
import { REKEY_AFTER } from '../../../src/crypto/link-cipher.js';
import { NODE_RECORD_BYTES_MAX } from '../../../src/crypto/node-record.js';
import * as content from '../../../src/gossip/bundles/bundle-content.js';
import { BUNDLE_BYTES_MAX, BUNDLE_MESSAGES_MAX } from '../../../src/gossip/bundles/bundle.js';
import { FLOW_BYTES_MAX, STALL_MS } from '../../../src/gossip/dissemination/flow.js';
import { decodeGossipFrame } from '../../../src/gossip/bundles/gossip-frame-codec.js';
import * as gossip from '../../../src/gossip/bundles/gossip-frames.js';
import { NEWCOMERS_MAX, NEWCOMERS_PER_PEER_MAX } from '../../../src/gossip/dissemination/newcomers.js';
import { RELAYED_KEYS_MAX } from '../../../src/gossip/keys/relayed-keys.service.js';
import { KEYS_ASKED_MAX } from '../../../src/gossip/keys/topic-keys.service.js';
import { PULL_BYTES } from '../../../src/gossip/dissemination/repair.js';
import { SERVED_BYTES_MAX } from '../../../src/gossip/dissemination/serving.js';
import { STREAMS_MAX } from '../../../src/gossip/dissemination/stream-table.js';
import { AHEAD_BUNDLES_MAX, AHEAD_BYTES_MAX } from '../../../src/gossip/dissemination/stream-window.js';
import { EXPLAINED_MAX } from '../../../src/gossip/dissemination/summaries.js';
import { MEMBERS_MAX } from '../../../src/peers/membership/directory.js';
import { INTEREST_SEGMENT_BYTES_MAX } from '../../../src/peers/interest/interest-segment.js';
import { SEGMENTS_MAX } from '../../../src/peers/interest/interest-table.js';
import { INTEREST_ENTRIES_MAX } from '../../../src/peers/interest/interest.js';
import {
  LANE_BYTES_MAX,
  RECORD_BYTES,
  RECORD_BYTES_MAX,
  RECORD_FRAMES_MAX,
} from '../../../src/peers/links/link-queue.js';
import { IN_FLIGHT_BYTES_MAX, RECEIPT_BYTES, STUCK_MS, UNREAD_MS } from '../../../src/peers/links/link-receipts.js';
import { RACE_MS } from '../../../src/peers/links/link-race.js';
import { FRAME_BYTES_MAX } from '../../../src/peers/links/links.js';
import {
  HANDSHAKE_TIMEOUT_MS,
  PENDING_HANDSHAKES_MAX,
  PENDING_PER_ADDRESS_MAX,
  TRANSPORT_BYTES_MAX,
} from '../../../src/peers/links/mesh-server.service.js';
import { decodePeerFrame } from '../../../src/peers/membership/peer-frame-codec.js';
import { PAGE_BYTES_MAX } from '../../../src/peers/membership/peer-frames.js';
import { WAITING_BYTES_MAX, WAITING_MAX } from '../../../src/peers/membership/statement-intake.adapter.js';
import { TELL_BYTES } from '../../../src/peers/membership/table-sync.js';
import { TOPIC_BYTES_MAX, TOPIC_LEVELS_MAX } from '../../../src/topics/topic.js';
import type { Decoded } from '../../../src/wire/decoded.js';
import { decodeRules } from '../../../src/peers/rules/rules-frame.js';
import { tableOf } from './doc-table.js';

const LIMITS = {
  HELLO_BYTES,
  NODE_RECORD_BYTES_MAX,
  HANDSHAKE_BYTES_MAX,
  PENDING_HANDSHAKES_MAX,
  PENDING_PER_ADDRESS_MAX,
  HANDSHAKE_TIMEOUT_MS,
  IN_FLIGHT_BYTES_MAX,
  RECEIPT_BYTES,
  STUCK_MS,
  UNREAD_MS,
  RACE_MS,
  FRAME_BYTES_MAX,
  RECORD_BYTES,
  RECORD_BYTES_MAX,
  RECORD_FRAMES_MAX,
  TRANSPORT_BYTES_MAX,
  REKEY_FRAMES: REKEY_AFTER.frames,
  REKEY_BYTES: REKEY_AFTER.bytes,
  LANE_CONTROL: LANE_BYTES_MAX.control,
  LANE_DATA: LANE_BYTES_MAX.data,
  LANE_REPAIR: LANE_BYTES_MAX.repair,
  MEMBERS_MAX,
  PAGE_BYTES_MAX,
  TELL_BYTES,
  WAITING_MAX,
  WAITING_BYTES_MAX,
  INTEREST_ENTRIES_MAX,
  INTEREST_SEGMENT_BYTES_MAX,
  SEGMENTS_MAX,
  TOPIC_BYTES_MAX,
  TOPIC_LEVELS_MAX,
  PAGE_ENTRIES_MAX: gossip.PAGE_ENTRIES_MAX,
  KEYS_PER_FRAME_MAX: gossip.KEYS_PER_FRAME_MAX,
  ENVELOPE_BYTES_MAX: gossip.ENVELOPE_BYTES_MAX,
  ENVELOPES_PER_FRAME_MAX: gossip.ENVELOPES_PER_FRAME_MAX,
  KEYS_ASKED_MAX,
  RELAYED_KEYS_MAX,
  WRAPPED_KEY_BYTES_MAX: gossip.WRAPPED_KEY_BYTES_MAX,
  BUNDLE_BYTES_MAX,
  BUNDLE_MESSAGES_MAX,
  HEADERS_MAX: content.HEADERS_MAX,
  HEADER_NAME_BYTES_MAX: content.HEADER_NAME_BYTES_MAX,
  HEADER_VALUE_BYTES_MAX: content.HEADER_VALUE_BYTES_MAX,
  IDEMPOTENCY_KEY_BYTES_MAX: content.IDEMPOTENCY_KEY_BYTES_MAX,
  STREAMS_MAX,
  NEWCOMERS_MAX,
  NEWCOMERS_PER_PEER_MAX,
  AHEAD_BUNDLES_MAX,
  AHEAD_BYTES_MAX,
  PULL_BYTES,
  SERVED_BYTES_MAX,
  EXPLAINED_MAX,
  FLOW_BYTES_MAX,
  STALL_MS,
};

describe('the page on the protocol', () => {
  it('has the limits of the code', () => {
    const rows = tableOf('protocol.md', 'Limits').map(([name, value]) => [name, Number(value)]);
    expect(rows).toEqual(Object.entries(LIMITS));
  });

  it.each([
    ['5. Membership (channel 1)', (type: number) => decodePeerFrame(Buffer.of(type)), /^membership-(.+)$/],
    ['6. Gossip (channel 2)', (type: number) => decodeGossipFrame(Buffer.of(type)), /^malformed (.+) frame$/],
    ['Rules (channel 3)', (type: number) => decodeRules(Buffer.of(type)), /^rules-(.+)$/],
  ])('has the types of frames of "%s"', (section, decode, reason) => {
    const rows = tableOf('protocol.md', section).map(([type, name]) => [Number(type), name]);
    expect(rows).toEqual(rows.map((_, type) => [type, reason.exec(reasonOf(decode(type)))?.[1]]));
    expect(decode(rows.length)).toEqual(decode(255));
  });

  it('has the reasons for which links are closed', () => {
    const source = readFileSync(new URL('../../../src/peers/links/link-close-reason.ts', import.meta.url), 'utf8');
    const reasons = [...source.matchAll(/^ {2}'([a-z-]+)',$/gm)].map(([, reason]) => reason);
    expect(tableOf('protocol.md', 'Close reasons').map(([reason]) => reason)).toEqual(reasons);
    expect(reasons).toContain('stale');
  });
});

function reasonOf(decoded: Decoded<unknown>): string {
  return decoded.ok ? '' : decoded.reason;
}
