import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const INSTALL_MS_MAX = 180_000;

/** Makes a program of a Debian package available, by installing it where this process may; throws when it cannot be had. */
export function installDebianPackage(program: string, name: string): void {
  if (isInPath(program)) return;
  if (process.getuid?.() === 0 && isInPath('apt-get')) {
    process.stderr.write(`installing ${name}\n`);
    aptGet('update');
    aptGet('install', '--yes', '--no-install-recommends', name);
  }
  if (!isInPath(program)) throw new Error(`${program} is not installed (Debian package ${name})`);
}

function aptGet(...parameters: readonly string[]): void {
  // Run level 1 keeps the package from starting a service of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  spawnSync('apt-get', ['-qq', ...parameters], { stdio: 'ignore', timeout: INSTALL_MS_MAX, env });
}

function isInPath(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
