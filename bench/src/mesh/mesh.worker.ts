import { nextTurn, nowMs } from '../clock.adapter.js';
import { LatencyHistogram } from '../latency-histogram.js';
import { keepPace } from '../pacer.adapter.js';
import { isSampled, makePayload, PHASES, phaseOf, stampOf, type Phase } from '../payload.js';
import { answerCalls } from '../worker-calls.adapter.js';
import type { MeshNode, NodeContext } from './mesh-system.js';
import { entryOf } from './systems/catalogue.js';

/** Messages that are published in one turn of the event loop when it goes flat out. */
const TURN = 64;

/** In a flood, one message of so many is timed: the clock would be a part of what is measured. */
const FLOOD_STRIDE = 16;

/** The pacer's thread needs a moment to start. */
const PACE_DELAY_MS = 200;

/** What a node has received of a phase. */
export interface Received {
  readonly count: number;
  readonly lastMs: number;
  readonly latencies: readonly number[];
}

/** What was published, and since when. */
export interface Published {
  readonly sent: number;
  readonly startMs: number;
}

const received = PHASES.map(() => ({ count: 0, lastMs: 0, latencies: new LatencyHistogram() }));
let stride = 1;
let node: MeshNode;
let onJoined: (address: string) => void = () => undefined;

function receive(payload: Uint8Array): void {
  const phase = received[phaseOf(payload)];
  if (phase === undefined) return;
  phase.count++;
  if (!isSampled(payload, stride)) return;
  phase.lastMs = nowMs();
  phase.latencies.record(phase.lastMs - stampOf(payload));
}

const calls = {
  async start(system: string, context: Omit<NodeContext, 'receive' | 'joined'>): Promise<string> {
    const { startNode } = await entryOf(system).load();
    node = await startNode({ ...context, receive, joined: (listener) => (onJoined = listener) });
    return node.address;
  },

  /** A node was started after this one. */
  nodeJoined(address: string): void {
    onJoined(address);
  },

  async probe(): Promise<void> {
    await node.publish(makePayload(0, 0, nowMs()));
  },

  /** Says that what comes is a flood, of which only a part is timed. */
  expectFlood(): void {
    stride = FLOOD_STRIDE;
  },

  count(phase: Phase): number {
    return received[phase]?.count ?? 0;
  },

  received(phase: Phase): Received {
    const { count = 0, lastMs = 0, latencies } = received[phase] ?? {};
    return { count, lastMs, latencies: latencies?.counts ?? [] };
  },

  async copies(): Promise<number | undefined> {
    return node.copies?.();
  },

  /** Publishes as fast as the system takes it. */
  async flood(phase: Phase, seconds: number): Promise<Published> {
    const startMs = nowMs();
    const endMs = startMs + seconds * 1_000;
    let sent = 0;
    for (let stampMs = startMs; stampMs < endMs; stampMs = nowMs()) {
      for (let n = 0; n < TURN; n++) {
        const wait = node.publish(makePayload(phase, sent++, stampMs));
        if (wait !== undefined) await wait;
      }
      await nextTurn();
    }
    return { sent, startMs };
  },

  /** Publishes `perSecond` on a schedule that does not wait for the system. */
  async pace(phase: Phase, perSecond: number, seconds: number): Promise<Published> {
    const startMs = nowMs() + PACE_DELAY_MS;
    const unfinished: Promise<void>[] = [];
    let sent = 0;
    await keepPace({ startMs, perSecond, count: perSecond * seconds }, (dueMs) => {
      const wait = node.publish(makePayload(phase, sent++, dueMs));
      if (wait !== undefined) unfinished.push(wait);
    });
    await Promise.all(unfinished);
    return { sent, startMs };
  },
};

export type MeshCalls = typeof calls;

answerCalls(calls);
