import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import ts from 'typescript';

const PROJECT = resolve(import.meta.dirname, '../..');

const PROGRAM = `
import { LmdbBundleStore } from './src/gossip/store/lmdb-bundle-store.service.js';
import { streamOf } from './src/gossip/bundles/stream.js';
const quiet = () => undefined;
const store = new LmdbBundleStore({
  folder: process.argv[2],
  durability: 'async',
  clock: { wallMs: () => 1 },
  logger: { info: quiet, warn: quiet, error: quiet },
});
await store.open();
const stream = streamOf('chat', 'A'.repeat(43), 5);
for (let seq = 1; ; seq++) {
  const place = { stream, firstSeq: seq, lastSeq: seq, arrival: seq, receivedAtMs: seq };
  const extent = { stream, floor: 0, frontier: seq, changedAtMs: seq, bytes: 0 };
  const written = store.append({ ...place, bytes: Buffer.alloc(500, seq % 251) }, extent);
  void written.then(() => process.stdout.write(seq + '\\n'));
  if (seq % 7 === 0) await written;
}
`;

/**
 * Runs a process of its own that appends to a store, kills it with -9 once it has said of enough bundles that they are
 * committed, and tells how many those were.
 */
export async function startWriter(options: { folder: string; committedAtLeast: number }): Promise<number> {
  const program = await compile();
  const child = spawn(process.execPath, [join(program, 'writer.js'), options.folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let committed = 0;
  for await (const line of createInterface(child.stdout)) {
    committed = Number(line);
    if (committed >= options.committedAtLeast) child.kill('SIGKILL');
  }
  await exited;
  await rm(program, { recursive: true, force: true });
  return committed;
}

/** The sources as plain JavaScript in a folder of their own, as a process without the test runner needs them. */
async function compile(): Promise<string> {
  const target = await mkdtemp(join(tmpdir(), 'grapevine-writer-'));
  for (const folder of ['wire', 'topics', 'runtime', 'crypto', 'peers', 'gossip']) {
    const source = join(PROJECT, 'src', folder);
    for (const name of await readdir(source, { recursive: true })) {
      if (!name.endsWith('.ts') || name.endsWith('.d.ts')) continue;
      const text = await readFile(join(source, name), 'utf8');
      const { outputText } = ts.transpileModule(text, {
        compilerOptions: {
          target: ts.ScriptTarget.ES2023,
          module: ts.ModuleKind.ESNext,
          verbatimModuleSyntax: true,
          experimentalDecorators: true,
          emitDecoratorMetadata: true,
        },
      });
      const path = join(target, 'src', folder, name.replace(/\.ts$/, '.js'));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, outputText);
    }
  }
  await writeFile(join(target, 'package.json'), '{"type":"module"}');
  await writeFile(join(target, 'writer.js'), PROGRAM);
  await symlink(join(PROJECT, 'node_modules'), join(target, 'node_modules'));
  return target;
}
