import { nextTurn, nowMs } from '../clock.adapter.js';
import { startGrapevineNode } from '../grapevine-node.adapter.js';
import { InFlight } from '../in-flight.js';
import { answerCalls } from '../worker-calls.adapter.js';
import { randomBytes } from 'node:crypto';

const IN_FLIGHT_MAX = 4_096;
const IN_FLIGHT_BYTES_MAX = 8 * 1024 * 1024;
const TURN = 64;
const FILLINGS = 16;
const SUBSCRIBE_AT_ONCE = 10_000;

/** A node takes 8,192 different patterns, of which one matches. */
const OTHER_PATTERNS_MAX = 8_191;

/** A node as the workload wants it; `history` is what its log may hold, in bytes. */
export interface NodeStart {
  readonly name: string;
  readonly peers: readonly string[];
  readonly folder?: string;
  readonly history?: number;
}

/** What is to be published: round robin over the topics `bench.0`, `bench.1` …, for so long or until so many bytes are. */
export interface Flood {
  readonly topics: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly bytesInAll?: number;
}

/** What was published, since when, and how much is yet to come of `bytesInAll`. */
export interface Flooded {
  readonly sent: number;
  readonly startMs: number;
  readonly bytesLeft: number;
}

type Node = Awaited<ReturnType<typeof startGrapevineNode>>;

const nodes: Node[] = [];
const received = { count: 0, lastMs: 0 };

function receive(): void {
  received.count++;
  received.lastMs = nowMs();
}

async function publish(flood: Flood): Promise<Flooded> {
  const { topics, bytes, seconds, bytesInAll = Infinity } = flood;
  const [{ grapevine } = ended()] = nodes;
  const payloads = Array.from({ length: FILLINGS }, () => randomBytes(bytes));
  const inFlight = new InFlight(Math.max(2, Math.min(IN_FLIGHT_MAX, Math.floor(IN_FLIGHT_BYTES_MAX / bytes))));
  const most = Math.ceil(bytesInAll / bytes);
  const startMs = nowMs();
  const endMs = startMs + seconds * 1_000;
  let sent = 0;
  while (nowMs() < endMs && sent < most) {
    for (let n = 0; n < TURN && sent < most; n++, sent++) {
      const payload = payloads[sent % FILLINGS] ?? ended();
      const wait = inFlight.add(grapevine.publish(`bench.${sent % topics}`, payload));
      if (wait !== undefined) await wait;
    }
    await nextTurn();
  }
  return { sent, startMs, bytesLeft: Math.max(0, bytesInAll - sent * bytes) };
}

function ended(): never {
  throw new Error('there is no node');
}

const calls = {
  /** Starts one more node in this process: its address, and how long it took to be ready. */
  async start({ name, peers, folder, history }: NodeStart): Promise<{ url: string; readyMs: number }> {
    const bounds =
      history === undefined ? {} : { retentionBytes: history * 2, retentionMessages: 1e9, dataBytes: history * 4 };
    const where = folder === undefined ? { store: 'memory' as const } : { store: 'lmdb' as const, dataDir: folder };
    const startMs = nowMs();
    const node = await startGrapevineNode({ name, peers: [...peers], ...where, ...bounds });
    nodes.push(node);
    return { url: node.url, readyMs: nowMs() - startMs };
  },

  /** Every node of this process subscribes to all of these; what comes is counted. */
  async subscribe(patterns: readonly string[], after?: 'retained'): Promise<void> {
    const from = after === undefined ? {} : { after };
    for (const { grapevine } of nodes) {
      for (let at = 0; at < patterns.length; at += SUBSCRIBE_AT_ONCE) {
        const some = patterns.slice(at, at + SUBSCRIBE_AT_ONCE);
        await Promise.all(some.map((pattern) => grapevine.subscribe(pattern, receive, from)));
      }
    }
  },

  /** So many subscriptions to `other.0.*`, `other.1.*` … as well, to which nothing is published. */
  async subscribeOthers(count: number): Promise<void> {
    await calls.subscribe(Array.from({ length: count }, (_, index) => `other.${index % OTHER_PATTERNS_MAX}.*`));
  },

  flood: publish,

  received(): { count: number; lastMs: number } {
    return received;
  },

  async close(): Promise<void> {
    await Promise.all(nodes.splice(0).map((node) => node.close()));
  },
};

export type GrowthCalls = typeof calls;

answerCalls(calls);
