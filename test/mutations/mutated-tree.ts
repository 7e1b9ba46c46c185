import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PlantedBug, Suite } from './planted-bugs.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = [
  'src',
  'test',
  'docs',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'vitest.config.ts',
];
const TYPESCRIPT = ['--import', './test/simulation/typescript.mjs'];
const RUN_LIMIT_MS = 20 * 60_000;

/** How a run ended. */
export interface Verdict {
  readonly isRed: boolean;
  /** The end of what it printed. */
  readonly told: string;
}

/** The text of the bug's file with the bug in it; an Error when what it replaces is not there exactly once. */
export function plant({ name, file, find, replace }: PlantedBug): string {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const count = text.split(find).length - 1;
  if (count !== 1) throw new Error(`${name}: ${file} has what is to be replaced ${count} times: ${find}`);
  return text.replace(find, () => replace);
}

/** A copy of this tree, with a bug or without, in which suites can be run. */
export class MutatedTree {
  readonly #path = mkdtempSync(join(tmpdir(), 'planted-'));
  #isBuilt = false;

  constructor(bug?: PlantedBug) {
    const isSource = (path: string): boolean => !/node_modules|[/\\]test[/\\]chaos[/\\]dist/.test(path);
    for (const name of COPIED) cpSync(join(ROOT, name), join(this.#path, name), { recursive: true, filter: isSource });
    symlinkSync(join(ROOT, 'node_modules'), join(this.#path, 'node_modules'));
    if (bug !== undefined) writeFileSync(join(this.#path, bug.file), plant(bug));
  }

  run(suite: Suite, args: readonly string[]): Verdict {
    switch (suite) {
      case 'sim':
        return this.#node([...TYPESCRIPT, 'test/simulation/sim.ts', ...args]);
      case 'fuzz':
        return this.#node([...TYPESCRIPT, 'test/fuzz/run.ts', ...args]);
      case 'unit':
        return this.#node(['node_modules/vitest/vitest.mjs', 'run', '--project', 'fast', ...args]);
      case 'attack':
      case 'chaos':
        this.#build();
        return this.#node([`test/${suite}/run.mjs`, '--dist', 'dist', ...args]);
    }
  }

  close(): void {
    rmSync(this.#path, { recursive: true, force: true });
  }

  #build(): void {
    if (this.#isBuilt) return;
    const { isRed, told } = this.#node(['node_modules/@nestjs/cli/bin/nest.js', 'build']);
    // A bug that does not compile is noticed by nobody.
    if (isRed) throw new Error(`the tree with the bug does not build:\n${told}`);
    this.#isBuilt = true;
  }

  #node(args: readonly string[]): Verdict {
    const options = { cwd: this.#path, encoding: 'utf8', timeout: RUN_LIMIT_MS, maxBuffer: 2 ** 28 } as const;
    const { status, stdout, stderr, error } = spawnSync(process.execPath, args, options);
    if (error !== undefined) throw error;
    return { isRed: status !== 0, told: `${stdout}${stderr}`.slice(-2_000) };
  }
}
