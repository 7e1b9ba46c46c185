import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DataFolder } from '../runtime/data-folder.service.js';
import { secretOf } from './secret-file.service.js';

/** The folder of a local cluster: a data folder and a log per node, and the secret they share. */
export class ClusterFolder {
  constructor(readonly path: string) {}

  /** The secret of this folder, kept from the first run on: the nodes' data belongs to it. */
  secret(): Promise<string> {
    return secretOf(join(this.path, 'secret'));
  }

  /** Removes what earlier runs left; fails when a node is still running on it. */
  async empty(): Promise<void> {
    for (const name of await this.#nodeFolders()) {
      const folder = new DataFolder(join(this.path, name));
      await folder.lock();
      await folder.unlock();
    }
    await rm(this.path, { recursive: true, force: true });
  }

  async #nodeFolders(): Promise<string[]> {
    try {
      const entries = await readdir(this.path, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}
