import type { ProfileName } from '../../src/peers/membership/profile.js';
import { Random } from '../../src/runtime/random.js';
import { FAULTS, type Fault, type FaultWeights } from './faults.js';
import type { NetworkOptions } from './network.js';

/** Everything that a run depends on. The seed settles what is left to chance in it. */
export interface Scenario {
  readonly seed: number;
  /** Virtual seconds: a little peace, chaos up to the half, calm. */
  readonly seconds: number;
  readonly size: number;
  readonly profile: ProfileName;
  readonly network: NetworkOptions;
  /** On average, over the whole cluster. */
  readonly publishEveryMs: number;
  readonly faultEveryMs: number;
  readonly faults: FaultWeights;
}

/** What MESH_LIMIT is by default. */
const MESH_SIZE_MAX = 32;
/** Slower networks have timers of their own. */
const LOCAL_DELAY_MS_MAX = 20;
const LAN_DELAY_MS_MAX = 200;

/**
 * What a seed stands for. Swarm testing (Groce and others 2012): each seed turns most faults off and others up, which finds more than
 * all of them at once. With fewer `faults` to draw from it stands for another run.
 */
export function scenarioOf(seed: number, seconds = 60, faults: readonly Fault[] = FAULTS): Scenario {
  const random = new Random(seed);
  const rare = random.int(2_000);
  // Large clusters are slow to simulate, so few seeds have one.
  const large = rare < 1 ? MESH_SIZE_MAX : rare < 40 ? random.pick([9, 10, 12, 16]) : undefined;
  const size = large ?? random.pick([3, 3, 3, 4, 4, 4, 5, 5, 6, 8])!;
  const isFar = random.int(5) === 0;
  const delayMs = isFar ? random.between(20, LAN_DELAY_MS_MAX * 0.75) : random.pick([0.2, 0.2, 1, 5, 15])!;
  const room = (isFar ? LAN_DELAY_MS_MAX : LOCAL_DELAY_MS_MAX) - delayMs;
  const jitterMs = random.pick([0.5, room / 2, room])!;
  const turnedOn = random.shuffle(faults).slice(0, 1 + random.int(6));
  return {
    seed,
    seconds,
    size,
    profile: isFar ? 'lan' : 'local',
    network: { delayMs, jitterMs, breakMs: random.pick([1, 1, 50])!, redialMs: random.pick([200, 200, 1_000])! },
    publishEveryMs: random.pick([20, 50, 200, 200, 1_000])! * (large === undefined ? 1 : 5),
    faultEveryMs: random.pick([200, 500, 1_000, 3_000])!,
    faults: Object.fromEntries(turnedOn.map((fault) => [fault, random.pick([1, 1, 3, 10])!])),
  };
}

/** In one line: what a trace begins with. */
export function titleOf({ seed, size, profile, network, faults }: Scenario): string {
  const weights = Object.entries(faults).map(([fault, weight]) => (weight === 1 ? fault : `${fault}×${weight}`));
  const delays = `${Math.round(network.delayMs)}–${Math.round(network.delayMs + network.jitterMs)} ms`;
  return `seed ${seed}: ${size} nodes, ${profile}, ${delays}, ${weights.join(' + ')}`;
}
