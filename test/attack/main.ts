import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { AttackCase } from './attack-case.js';
import { CASES } from './cases.js';
import { isGreen, lines, markdown, type Outcome } from './report.js';
import { Victims } from './victims.js';

/** Runs cases one after the other and prints what held. Its arguments are told in docs/attacks.md. */
const { values: ask } = parseArgs({
  options: {
    only: { type: 'string' },
    short: { type: 'boolean', default: false },
    patience: { type: 'string', default: '1' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    log: { type: 'boolean', default: false },
  },
});

const MEMORY_MIB = 64;

const only = ask.only?.split(',');
const chosen = CASES.filter(({ id }) => only?.includes(id) ?? true);
if (chosen.length === 0) throw new Error(`there is no case ${ask.only}; there are ${CASES.map(({ id }) => id).join()}`);

process.stdout.write(
  `attack, Node.js ${process.version}, ${availableParallelism()} processors, load ${loadavg()[0]?.toFixed(1)}\n\n`,
);
const outcomes: Outcome[] = [];
for (const attack of chosen) {
  const outcome = await runOne(attack);
  outcomes.push(outcome);
  process.stdout.write(`${lines(outcome)}\n`);
}
const passed = outcomes.filter(isGreen).length;
const failed = outcomes.length - passed;
if (ask.json !== undefined) {
  const cases = outcomes.map((outcome) => ({ ...outcome, isGreen: isGreen(outcome) }));
  writeFileSync(ask.json, `${JSON.stringify({ passed, failed, isShort: ask.short, cases }, undefined, 2)}\n`);
}
if (ask.markdown !== undefined) writeFileSync(ask.markdown, markdown(outcomes));
process.stdout.write(`${passed} passed, ${failed} failed\n`);
// A hostile client may still hold sockets.
process.exit(failed === 0 ? 0 : 1);

async function runOne(attack: AttackCase): Promise<Outcome> {
  const { id, title } = attack;
  const startMs = performance.now();
  let victims: Victims | undefined;
  let findings: Outcome['findings'] = {};
  let error: string | undefined;
  try {
    const options = typeof attack.cluster === 'function' ? await attack.cluster() : attack.cluster;
    victims = await Victims.start(options ?? {}, {
      isShort: ask.short,
      patience: Number(ask.patience),
      memoryMiB: attack.memoryMiB ?? MEMORY_MIB,
    });
    findings = await attack.run(victims);
    findings = { ...findings, ...(await victims.invariants()) };
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  const outcome = { id, title, seconds: (performance.now() - startMs) / 1_000, findings };
  const told: Outcome = error === undefined ? outcome : { ...outcome, error };
  if (ask.log && !isGreen(told))
    for (const node of victims?.nodes ?? []) process.stdout.write(node.log + node.complaints);
  await victims?.stop();
  return told;
}
