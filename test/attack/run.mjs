// Builds the nodes and attacks them: `npm run attack -- --only A16,A20 --short`; docs/attacks.md tells all arguments.
// `--dist DIR` attacks nodes that were built elsewhere.
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
run(process.execPath, '--import', './test/simulation/typescript.mjs', 'test/attack/main.ts', ...args);
