/** Runs the seeds that it is sent, one at a time. */
import type { Fault } from './faults.js';
import { runScenario } from './run-scenario.js';
import { scenarioOf } from './scenario.js';
import type { Report } from './sim.js';

const [seconds, ...faults] = process.argv.slice(2);

process.on('message', (seed: number) => {
  const before = process.cpuUsage();
  const outcome = runScenario(scenarioOf(seed, Number(seconds), faults as Fault[]));
  const { user, system } = process.cpuUsage(before);
  process.send!({ seed, ...outcome, cpuMs: (user + system) / 1_000 } satisfies Report);
});
