import type { Stream } from '../../src/gossip/bundles/stream.js';
import { Random } from '../../src/runtime/random.js';
import { Accounts } from './checkers/accounts.js';
import { Acknowledged } from './checkers/acknowledged.js';
import { missingAtSurvivors } from './checkers/all-survivors.js';
import { Bounds } from './checkers/bounds.js';
import { OnceInOrder } from './checkers/once-in-order.js';
import { Starts } from './checkers/starts.js';
import { unequalDigests } from './checkers/digests.js';
import { Chaos, TOPICS } from './faults.js';
import type { GossipNode } from './gossip-node.js';
import { Interests } from './interests.js';
import { titleOf, type Scenario } from './scenario.js';
import { witnessOf, World } from './world.js';

/** How a run ended: what was wrong, and what happened, as one line that the same scenario must give again. */
export interface Outcome {
  readonly problems: readonly string[];
  readonly trace: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** Problems beyond these say no more. */
const PROBLEMS_MAX = 20;
/** Membership of a new cluster has settled. */
const PEACE_MS = 3_000;
/** Before the end nothing happens any more; what is said then is the cost of being there. */
const QUIET_MS = 5_000;

/** Chaos, then calm: what must never happen is watched all the time, what must come to pass is asked at the end. */
export function runScenario(scenario: Scenario): Outcome {
  const run = new Run(scenario);
  try {
    run.play();
  } catch (error) {
    run.problems.push(String(error instanceof Error ? error.stack : error));
  }
  return { problems: run.problems.slice(0, PROBLEMS_MAX), trace: run.trace, counts: run.counts };
}

class Run {
  readonly problems: string[] = [];
  readonly #random: Random;
  readonly #order = new OnceInOrder();
  readonly #accounts = new Accounts();
  readonly #world: World;
  readonly #acknowledged: Acknowledged;
  readonly #interests: Interests;
  readonly #starts: Starts;
  readonly #bounds: Bounds;
  readonly #counts = { published: 0, refused: 0, pushed: 0, repaired: 0, received: 0, known: 0 };
  #healedMs = NaN;

  constructor(private readonly scenario: Scenario) {
    const { seed, size, network, profile } = scenario;
    // Another sequence than the one that drew the scenario, and than the world's own.
    this.#random = new Random(seed + 2 ** 40);
    this.#world = new World(size, seed, this.#witness(), { network, profile });
    this.#acknowledged = new Acknowledged(this.#world);
    this.#interests = new Interests(this.#world, (id, topic) => this.#lostInterest(this.#world.node(id), topic));
    this.#starts = new Starts(this.#world, this.#interests);
    this.#bounds = new Bounds(this.#world);
  }

  play(): void {
    const chaosMs = (this.scenario.seconds * 1_000) / 2;
    const endMs = this.scenario.seconds * 1_000;
    const chaos = new Chaos(this.#world, this.#random, this.#interests, this.scenario.faults);
    for (const id of this.#world.ids) {
      const topics = TOPICS.filter(() => this.#random.int(4) > 0);
      this.#interests.set(id, topics);
    }
    this.#runTo(PEACE_MS);
    this.#disturb(chaos, chaosMs);
    chaos.end();
    const isHealed = this.#healWithin(endMs - QUIET_MS);
    this.#runTo(endMs - QUIET_MS);
    this.#bounds.beQuiet();
    this.#runTo(endMs);
    // What is healed must stay so, though a gap may take a moment more until all have told it.
    this.#healWithin(endMs + QUIET_MS);
    this.problems.push(...this.#order.problems, ...this.#acknowledged.problems, ...this.#acknowledged.lost());
    this.problems.push(...this.#bounds.problems, ...this.#unhealed());
    if (this.problems.length > 0) return;
    if (!isHealed) this.problems.push(`not healed within ${endMs - QUIET_MS - chaosMs} ms of calm`);
    this.problems.push(...this.#bounds.leftovers());
  }

  get counts() {
    const { delivered, gaps } = this.#order;
    return { ...this.#counts, delivered, gaps, acknowledged: this.#acknowledged.told, events: this.#world.time.ran };
  }

  get trace(): string {
    const { published, refused, pushed, repaired, received, known, delivered, gaps, acknowledged, events } =
      this.counts;
    return [
      titleOf(this.scenario),
      `${published} published, ${refused} refused, ${pushed} pushed, ${repaired} repaired, ${received} received, ${known} of them known`,
      `${delivered} delivered, ${gaps} gaps, ${acknowledged} acknowledged`,
      `healed at ${Math.round(this.#healedMs)} ms, ${events} events, ${this.#bounds.summary}, ${this.#world.network.digest}`,
    ].join('; ');
  }

  #disturb(chaos: Chaos, untilMs: number): void {
    const { publishEveryMs, faultEveryMs } = this.scenario;
    const world = this.#world;
    const random = this.#random;
    let nextFaultMs = world.time.nowMs;
    while (world.time.nowMs < untilMs) {
      this.#runTo(world.time.nowMs + random.between(0, 2 * publishEveryMs));
      if (world.time.nowMs >= nextFaultMs) {
        chaos.step();
        nextFaultMs = world.time.nowMs + random.between(0, 2 * faultEveryMs);
      }
      const id = random.pick(world.ids)!;
      const level = random.pick([2, 3, 'all', 'local'] as const)!;
      const [topic, count] = [random.pick(TOPICS)!, 1 + random.int(3)];
      if (!chaos.isWell(id)) continue;
      world.node(id).submit(topic, count, (bundle) => {
        if (bundle === undefined) this.#counts.refused++;
        else if (level !== 'local') this.#acknowledged.ask(bundle, level);
      });
    }
  }

  #runTo(untilMs: number): void {
    while (this.#world.time.nowMs < untilMs) {
      this.#world.time.run(Math.min(untilMs, this.#bounds.nextMs));
      this.#bounds.look();
    }
  }

  #healWithin(untilMs: number): boolean {
    while (!this.#world.members.isCalm() || this.#unhealed().length > 0) {
      if (this.#world.time.nowMs >= untilMs) return false;
      this.#runTo(Math.min(untilMs, this.#world.time.nowMs + 500));
    }
    if (Number.isNaN(this.#healedMs)) this.#healedMs = this.#world.time.nowMs;
    return true;
  }

  #unhealed(): string[] {
    const missing = missingAtSurvivors(this.#world, (node, stream, holder) => ({
      after: Math.max(this.#starts.startOf(node.id, stream, holder), this.#historyDropped(node, stream)),
      upTo: this.#accounts.missingUpTo(node, stream.id),
    }));
    if (missing.length > 0) return missing;
    return unequalDigests(this.#world, (id, stream, holder) => this.#starts.startOf(id, stream, holder));
  }

  /** History that is older than what retention dropped here would have to go first. */
  #historyDropped(node: GossipNode, { id, topic }: Stream): number {
    return this.#interests.wantsRetained(node.id, topic) ? node.log.droppedThrough(id) : 0;
  }

  #lostInterest(node: GossipNode, topic: string): void {
    this.#order.sawLoss(node, topic);
    this.#accounts.sawLoss(node, topic);
  }

  #witness() {
    return witnessOf({
      started: (node) => this.#order.sawStart(node),
      published: (node, bundle, atMs) => {
        this.#counts.published++;
        this.#accounts.saw(node, bundle.stream, bundle.firstSeq);
        this.#starts.sawPublished(bundle, atMs);
      },
      received: (_node, _peer, _bundle, isKnown) => {
        this.#counts.received++;
        if (isKnown) this.#counts.known++;
      },
      delivered: (node, bundle, fromSeq) => {
        this.#order.sawDelivery(node, bundle, fromSeq);
        this.#accounts.saw(node, bundle.stream, fromSeq);
      },
      gap: (node, gap) => {
        this.#order.sawGap(node, gap);
        this.#accounts.saw(node, gap.stream, gap.from);
      },
      pushed: () => this.#counts.pushed++,
      repaired: () => this.#counts.repaired++,
      reached: (_node, id, confirmed) => this.#acknowledged.sawReached(id, confirmed),
    });
  }
}
