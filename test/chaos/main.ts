import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { CASES } from './cases.js';
import { Random } from '../../src/runtime/random.js';
import type { ChaosCase, Findings } from './case.js';
import { byCase, isGreen, lines, markdown, matrix, totalsOf, type Outcome } from './report.js';
import { World, type Circumstances } from './world.js';

/** Runs cases one after the other and prints what held. Its arguments are told in docs/chaos.md. */
const { values: ask } = parseArgs({
  options: {
    only: { type: 'string' },
    short: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    load: { type: 'string', default: '1' },
    patience: { type: 'string', default: '1' },
    log: { type: 'boolean', default: false },
  },
});

const CASE_LIMIT_MS = 10 * 60_000;

/** What a short run leaves out unless it is asked for by name: CI has four minutes. */
const SHORT_LEAVES_OUT: readonly string[] = CASES.filter(({ isLong }) => isLong === true).map(({ id }) => id);

/** A case that hangs is a case that failed. */
function withinLimit<Result>(run: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`was not over after ${CASE_LIMIT_MS / 60_000} minutes`)), CASE_LIMIT_MS);
  });
  return Promise.race([run, limit]).finally(() => clearTimeout(timer));
}

/** What the case that runs has made: whoever ends the suite ends it as well. */
let world: World | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void (world?.close() ?? Promise.resolve()).finally(() => process.exit(130)));
}

async function runOne(chaosCase: ChaosCase, seed: number): Promise<Outcome> {
  const { id, title } = chaosCase;
  const skipped = chaosCase.skip?.();
  if (skipped !== undefined) return { id, title, seed, seconds: 0, skipped, findings: {}, invariants: {}, traffic: '' };
  const startMs = performance.now();
  world = undefined;
  const [patience, load] = [Number(ask.patience), Number(ask.load)];
  const generator = new Random(seed);
  const random = (): number => generator.fraction();
  const circumstances: Circumstances = { isShort: ask.short, random, patience, load };
  let findings: Findings = {};
  let invariants: Outcome['invariants'] = {};
  let error: string | undefined;
  try {
    world = await World.open(chaosCase.world ?? {}, circumstances);
    findings = await withinLimit(chaosCase.run(world));
    invariants = await world.judge();
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  } finally {
    await world?.close();
  }
  const ledger = world?.ledger;
  const refusals = [...(ledger?.refused ?? [])].map(([reason, count]) => `${count} ${reason}`);
  const traffic = [`${ledger?.accepted.length ?? 0} accepted`, ...refusals].join(', ');
  const outcome = { id, title, seed, seconds: (performance.now() - startMs) / 1_000, findings, invariants, traffic };
  const told: Outcome = error === undefined ? outcome : { ...outcome, error };
  if (ask.log && !isGreen(told)) for (const node of world?.nodes ?? []) process.stdout.write(node.log);
  return told;
}

function* chosen(seed: number): Generator<ChaosCase> {
  const only = ask.only?.split(',');
  // F12 stands for its parts F12a, F12b and F12c as well.
  const isAsked = (id: string): boolean =>
    only?.some((each) => id === each || id.replace(/[a-z]$/, '') === each) === true;
  const cases = CASES.filter(({ id }) =>
    only === undefined ? !(ask.short && SHORT_LEAVES_OUT.includes(id)) : isAsked(id),
  );
  if (cases.length === 0)
    throw new Error(`there is no case ${ask.only}; there are ${CASES.map(({ id }) => id).join()}`);
  if (ask.minutes === undefined) return yield* cases;
  const endMs = performance.now() + Number(ask.minutes) * 60_000;
  const random = new Random(seed);
  while (performance.now() < endMs) yield random.pick(cases)!;
}

const firstSeed = Number(ask.seed ?? Date.now() % 1_000_000);
const outcomes: Outcome[] = [];
const load = loadavg()[0]?.toFixed(1);
process.stdout.write(
  `chaos, seed ${firstSeed}, Node.js ${process.version}, ${availableParallelism()} processors, load ${load}\n\n`,
);
for (const chaosCase of chosen(firstSeed)) {
  const outcome = await runOne(chaosCase, firstSeed + outcomes.length);
  outcomes.push(outcome);
  process.stdout.write(`${lines(outcome)}\n`);
}
const totals = totalsOf(outcomes);
process.stdout.write(matrix(byCase(outcomes)));
if (ask.json !== undefined) {
  const told = outcomes.map((outcome) => ({ ...outcome, isGreen: isGreen(outcome) }));
  writeFileSync(ask.json, `${JSON.stringify({ ...totals, seed: firstSeed, cases: told }, undefined, 2)}\n`);
}
if (ask.markdown !== undefined) writeFileSync(ask.markdown, markdown(byCase(outcomes)));
process.stdout.write(
  `${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}\n`,
);
process.exitCode = totals.failed === 0 ? 0 : 1;
