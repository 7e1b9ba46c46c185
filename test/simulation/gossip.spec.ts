import { describe, expect, it } from 'vitest';
import regressions from './regressions.json' with { type: 'json' };
import { runScenario } from './scenario.js';

const FIRST = Number(process.env['SIM_SEED'] ?? 1);
const SEEDS = Number(process.env['SIM_SEEDS'] ?? 50);

describe('gossip under faults', () => {
  const seeds = [...regressions.map(({ seed }) => seed), ...Array.from({ length: SEEDS }, (_, at) => FIRST + at)];

  it.each(seeds)('gives every survivor everything once, in order (seed %i)', (seed) => {
    const { problems, trace } = runScenario(seed);
    if (process.env['SIM_TRACE'] !== undefined) process.stdout.write(`${trace}\n`);
    expect(problems, `${trace}\nreplay: npm run sim -- --seed ${seed}`).toEqual([]);
  });

  it('does the same again with the same seed', () => {
    expect(runScenario(FIRST).trace).toBe(runScenario(FIRST).trace);
  });
});
