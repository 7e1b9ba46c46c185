// Runs the simulator: `npm run sim -- --seeds 1000`, from another seed on with `--from 5000`, or one seed with `--seed 17`.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
  },
});
const env = {
  ...process.env,
  SIM_SEED: values.seed ?? values.from,
  SIM_SEEDS: values.seed === undefined ? values.seeds : '1',
  SIM_TRACE: '1',
};
const run = spawnSync('npx', ['vitest', 'run', '--project', 'slow', 'test/simulation/gossip.spec.ts'], {
  stdio: 'inherit',
  env,
});
process.exitCode = run.status ?? 1;
