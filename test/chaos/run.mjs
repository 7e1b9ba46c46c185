// Builds the nodes and runs the suite: `npm run chaos -- --only F3,F6 --short`; docs/chaos.md tells all arguments.
// `--dist DIR` runs nodes that were built elsewhere.
import { spawn, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const args = process.argv.slice(2);
const at = args.indexOf('--dist');
const [, dist] = at === -1 ? [] : args.splice(at, 2);

if (dist === undefined) {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
process.env.GRAPEVINE_DIST = resolve(dist ?? 'dist');
const suite = spawn(process.execPath, ['--import', './test/simulation/typescript.mjs', 'test/chaos/main.ts', ...args], {
  stdio: 'inherit',
});
// The suite ends its nodes before it ends itself.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => suite.kill(signal));
suite.on('close', (code) => (process.exitCode = code ?? 1));
