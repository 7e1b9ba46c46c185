import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataFolder } from '../runtime/data-folder.service.js';

const SECRET_FILE = 'secret';

/** The folder of a local cluster: a data folder and a log per node, and the secret they share. */
export class ClusterFolder {
  constructor(readonly path: string) {}

  /** Removes what earlier runs left; fails when a node is still running on it. */
  async empty(): Promise<void> {
    for (const entry of await this.#nodeFolders()) {
      const folder = new DataFolder(join(this.path, entry));
      await folder.lock();
      await folder.unlock();
    }
    await rm(this.path, { recursive: true, force: true });
  }

  /** The secret of this folder, made at the first run and kept: the nodes' data belongs to it. */
  async secret(): Promise<string> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    const path = join(this.path, SECRET_FILE);
    const secret = randomBytes(32).toString('base64url');
    try {
      await writeFile(path, secret, { mode: 0o600, flag: 'wx' });
      return secret;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return (await readFile(path, 'utf8')).trim();
    }
  }

  async #nodeFolders(): Promise<string[]> {
    try {
      const entries = await readdir(this.path, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    } catch {
      return [];
    }
  }
}
