import { leaveOut } from '../../cost/leave-out.adapter.js';
import type { Part } from '../../cost/parts.js';
import type { BrokerName } from '../brokers.adapter.js';
import type { MeshSystem } from '../mesh-system.js';

interface Entry {
  /** What must run before the nodes. */
  readonly broker?: BrokerName;
  /** Loaded in the nodes' processes only. */
  load(): Promise<MeshSystem>;
}

async function grapevineWithout(parts: readonly Part[]): Promise<MeshSystem> {
  leaveOut(parts);
  return (await import('./grapevine.system.js')).grapevineSystem({ store: 'memory' });
}

const ENTRIES = {
  grapevine: { load: async () => (await import('./grapevine.system.js')).grapevineSystem({ store: 'memory' }) },
  'grapevine-async': {
    load: async () => (await import('./grapevine.system.js')).grapevineSystem({ store: 'lmdb', durability: 'async' }),
  },
  'grapevine-fsync': {
    load: async () => (await import('./grapevine.system.js')).grapevineSystem({ store: 'lmdb', durability: 'fsync' }),
  },
  'grapevine-unsigned': { load: () => grapevineWithout(['signatures']) },
  'grapevine-unsealed': { load: () => grapevineWithout(['end-to-end encryption']) },
  'grapevine-open-links': { load: () => grapevineWithout(['link encryption']) },
  'grapevine-bare': { load: () => grapevineWithout(['signatures', 'end-to-end encryption', 'link encryption']) },
  nats: { broker: 'nats-cluster', load: async () => (await import('./nats.system.js')).nats },
  redis: { broker: 'redis', load: async () => (await import('./redis.system.js')).redis },
  zeromq: { load: async () => (await import('./zeromq.system.js')).zeromq },
  moleculer: { load: async () => (await import('./moleculer.system.js')).moleculer },
  'socketio-redis': { broker: 'redis', load: async () => (await import('./socketio-redis.system.js')).socketioRedis },
  'nest-redis': { broker: 'redis', load: async () => (await import('./nest.system.js')).nestRedis },
  'nest-nats': { broker: 'nats', load: async () => (await import('./nest.system.js')).nestNats },
  gossipsub: { load: async () => (await import('./gossipsub.system.js')).gossipsub },
  ws: { load: async () => (await import('./ws.system.js')).ws },
} as const satisfies Record<string, Entry>;

/** The product as it is, on each store, and without what it can be had without only here. */
export const COST_SYSTEMS = Object.keys(ENTRIES).filter((name) => name.startsWith('grapevine'));

const CRIPPLED: readonly string[] = COST_SYSTEMS.filter((name) => /-(unsigned|unsealed|open-links|bare)$/.test(name));

/** Systems whose nodes can be put together to a mesh; ours first. */
export const MESH_SYSTEMS = Object.keys(ENTRIES).filter((name) => !CRIPPLED.includes(name));

/** The entry of a system that `MESH_SYSTEMS` or `COST_SYSTEMS` names. */
export function entryOf(name: string): Entry {
  const entry = (ENTRIES as Record<string, Entry>)[name];
  if (entry === undefined) throw new Error(`There is no system ${name}.`);
  return entry;
}
