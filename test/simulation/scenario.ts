import { Random } from '../../src/runtime/random.js';
import { missingAtSurvivors } from './checkers/all-survivors.js';
import { Accounts } from './checkers/accounts.js';
import { Acknowledged } from './checkers/acknowledged.js';
import { OnceInOrder } from './checkers/once-in-order.js';
import { Starts } from './checkers/starts.js';
import { Chaos } from './faults.js';
import { Interests } from './interests.js';
import { World, type Witness } from './world.js';

/** How a run ended: what was wrong, and what happened, as one line that the same seed must give again. */
export interface Outcome {
  readonly problems: readonly string[];
  readonly trace: string;
}

const TOPICS = ['t0', 't1', 't2'];
const CHAOS_MS = 20_000;
const CALM_MS = 15_000;
/** What MESH_LIMIT is by default. */
const MESH_SIZE_MAX = 32;

/** Chaos, then calm: what must never happen is watched all the time, what must come to pass is asked at the end. */
export function runScenario(seed: number): Outcome {
  const random = new Random(seed);
  const drawn = random.pick([3, 3, 4, 4, 5, 6, 8, 12, 20])!;
  // A full mesh at its limit is slow to simulate, so few seeds have it.
  const size = seed % 25 === 7 ? MESH_SIZE_MAX : drawn;
  const order = new OnceInOrder();
  const accounts = new Accounts();
  const acknowledged = new Acknowledged();
  let published = 0;
  let pushed = 0;
  let repaired = 0;
  const witness: Witness = {
    published: (node, bundle) => {
      published++;
      accounts.saw(node, bundle.stream, bundle.firstSeq);
      starts.sawPublished(bundle, world.wallMs);
    },
    delivered: (node, bundle, fromSeq) => {
      order.sawDelivery(node, bundle, fromSeq);
      accounts.saw(node, bundle.stream, fromSeq);
    },
    gap: (node, gap) => {
      order.sawGap(node, gap);
      accounts.saw(node, gap.stream, gap.from);
    },
    pushed: () => pushed++,
    repaired: () => repaired++,
    reached: (_node, id, confirmed) => acknowledged.sawReached(world, id, confirmed),
  };
  const world = new World(size, seed, witness);
  const interests = new Interests(world, (id, topic) => {
    order.sawLoss(world.node(id), topic);
    accounts.sawLoss(world.node(id), topic);
  });
  const starts = new Starts(interests);
  for (const id of world.ids) {
    interests.set(
      id,
      TOPICS.filter(() => random.int(4) > 0),
    );
  }
  world.time.run(2_000);

  const chaos = new Chaos(world, random, interests, seed % 5 === 4);
  const everyMs = random.pick([20, 50, 200, 1_000])!;
  const faultMs = random.pick([200, 500, 2_000])!;
  let nextFaultMs = world.time.nowMs;
  while (world.time.nowMs < CHAOS_MS) {
    world.time.run(world.time.nowMs + random.between(0, 2 * everyMs));
    if (world.time.nowMs >= nextFaultMs) {
      chaos.step();
      nextFaultMs = world.time.nowMs + random.between(0, 2 * faultMs);
    }
    const id = random.pick(world.ids)!;
    if (!chaos.isWell(id)) continue;
    const bundle = world.node(id).publish(random.pick(TOPICS)!, 1 + random.int(3));
    acknowledged.ask(world, bundle, random.pick([2, 3, 'all'] as const)!);
  }
  chaos.end();
  const problems = (): string[] =>
    missingAtSurvivors(world, (node, stream) => ({
      after: starts.startOf(node.id, stream),
      upTo: accounts.missingUpTo(node, stream),
    }));
  const isDone = (): boolean => {
    return world.members.isCalm() && problems().length === 0;
  };
  const isCalm = world.time.runUntil(isDone, CHAOS_MS + CALM_MS, 250);
  // Whatever is done must stay done, though not all nodes tell a gap at the same time.
  world.time.run(world.time.nowMs + 1_500);
  world.time.runUntil(isDone, world.time.nowMs + 5_000, 250);
  const found = [...order.problems, ...(chaos.hasForgotten ? [] : acknowledged.problems), ...problems()];
  if (!isCalm && found.length === 0) found.push('the cluster did not become calm');
  const trace = [
    `seed ${seed}: ${size} nodes, ${chaos.kinds.join('+')}`,
    `${published} published, ${pushed} pushed, ${repaired} repaired, ${order.delivered} delivered, ${order.gaps} gaps, ${acknowledged.told} acknowledged`,
    `calm after ${Math.round(world.time.nowMs)} ms, ${world.time.ran} events`,
  ].join('; ');
  return { problems: found, trace };
}
