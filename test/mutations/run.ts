/**
 * The tests of the tests: `npm run mutations [-- --only drop-repair,skip-dedup] [--suite sim,unit] [--json FILE]`. Plants one bug after the
 * other in a copy of the tree and runs the suites that must notice; first without any bug, as what is always red notices nothing.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MutatedTree, plant } from './mutated-tree.js';
import { PLANTED_BUGS, SUITES, type PlantedBug, type Suite } from './planted-bugs.js';

const { values } = parseArgs({
  options: { only: { type: 'string' }, suite: { type: 'string' }, json: { type: 'string' } },
});

const names = values.only?.split(',');
const suites = SUITES.filter((suite) => values.suite?.split(',').includes(suite) ?? true);
const bugs = PLANTED_BUGS.filter(({ name }) => names?.includes(name) ?? true);
const unknown = (names ?? []).filter((name) => !PLANTED_BUGS.some((bug) => bug.name === name));
if (unknown.length > 0)
  throw new Error(`there is no ${unknown.join()}: ${PLANTED_BUGS.map(({ name }) => name).join()}`);
for (const bug of PLANTED_BUGS) plant(bug);

const table = new Map<string, Map<Suite, string>>();
let failed = 0;

/** Suites without a bug that were run already, by what they were asked. */
const green = new Set<string>();
const sound = new MutatedTree();
try {
  for (const bug of bugs) tryBug(bug);
} finally {
  sound.close();
}

const rows = [...table].map(
  ([name, row]) => `| ${name} | ${SUITES.map((suite) => row.get(suite) ?? '').join(' | ')} |`,
);
print([`| planted bug | ${SUITES.join(' | ')} |`, `|---|${'---|'.repeat(SUITES.length)}`, ...rows].join('\n'));
if (values.json !== undefined) {
  const told = Object.fromEntries([...table].map(([name, row]) => [name, Object.fromEntries(row)]));
  writeFileSync(values.json, `${JSON.stringify(told, undefined, 2)}\n`);
}
print(failed === 0 ? 'every planted bug was noticed' : `${failed} were not noticed`);
process.exitCode = failed === 0 ? 0 : 1;

function tryBug(bug: PlantedBug): void {
  const row = new Map<Suite, string>();
  table.set(bug.name, row);
  const tree = new MutatedTree(bug);
  try {
    for (const suite of suites) {
      const args = bug.noticedBy[suite];
      if (args === undefined) continue;
      const isGreen = isGreenWithout(suite, args);
      const { isRed, told } = tree.run(suite, args);
      row.set(suite, isGreen ? (isRed ? 'red' : 'MISSED') : 'red without it');
      if (!isRed || !isGreen) failed++;
      print(`${bug.name}: ${suite} ${args.join(' ')}: ${row.get(suite)}`);
      if (!isRed) print(told);
    }
  } finally {
    tree.close();
  }
}

function isGreenWithout(suite: Suite, args: readonly string[]): boolean {
  const asked = `${suite} ${args.join(' ')}`;
  if (green.has(asked)) return true;
  const { isRed, told } = sound.run(suite, args);
  if (isRed) print(`${asked} is red without any bug:\n${told}`);
  else green.add(asked);
  return !isRed;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
