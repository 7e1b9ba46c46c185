/** Runs the seeds that it is sent, one at a time. */
import { runScenario } from './run-scenario.js';
import { scenarioOf } from './scenario.js';
import type { Report } from './sim.js';

const seconds = Number(process.argv[2]);

process.on('message', (seed: number) => {
  const before = process.cpuUsage();
  const outcome = runScenario(scenarioOf(seed, seconds));
  const { user, system } = process.cpuUsage(before);
  process.send!({ seed, ...outcome, cpuMs: (user + system) / 1_000 } satisfies Report);
});
