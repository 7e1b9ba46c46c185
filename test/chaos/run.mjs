// Builds the nodes and the suite and runs it: `npm run chaos -- --only F3,F6 --short`; docs/chaos.md tells all arguments.
// `--dist DIR` runs nodes that were built elsewhere.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const args = process.argv.slice(2);
const at = args.indexOf('--dist');
const [, dist] = at === -1 ? [] : args.splice(at, 2);

function run(command, ...rest) {
  const { status } = spawnSync(command, rest, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (dist === undefined) run('npm', 'run', '--silent', 'build');
process.env.GRAPEVINE_DIST = resolve(dist ?? 'dist');
run(process.execPath, '--import', './test/simulation/typescript.mjs', 'test/chaos/main.ts', ...args);
