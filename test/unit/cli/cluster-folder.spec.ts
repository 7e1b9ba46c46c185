import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClusterFolder } from '../../../src/cli/cluster-folder.service.js';
import { DataFolder } from '../../../src/runtime/data-folder.service.js';

let base: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'grapevine-'));
});

afterEach(() => rm(base, { recursive: true, force: true }));

describe('the folder of a local cluster', () => {
  it('keeps one secret for all runs, readable by its owner alone', async () => {
    const path = join(base, '.cluster');
    const secret = await new ClusterFolder(path).secret();
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await new ClusterFolder(path).secret()).toBe(secret);
    expect((await stat(join(path, 'secret'))).mode & 0o777).toBe(0o600);
  });

  it('gives two callers at once the same secret', async () => {
    const folder = new ClusterFolder(base);
    const [first, second] = await Promise.all([folder.secret(), folder.secret()]);
    expect(second).toBe(first);
    expect(await readdir(base)).toEqual(['secret']);
  });

  it('is emptied with secret and data, also when it was never there', async () => {
    const folder = new ClusterFolder(join(base, '.cluster'));
    await folder.empty();
    const secret = await folder.secret();
    await mkdir(join(folder.path, 'A'));
    await writeFile(join(folder.path, 'A', 'identity.jwks.json'), '{}');
    await folder.empty();
    expect(await readdir(base)).toEqual([]);
    expect(await folder.secret()).not.toBe(secret);
  });

  it('is not emptied below a running node', async () => {
    const node = new DataFolder(join(base, 'A'));
    await node.lock();
    await expect(new ClusterFolder(base).empty()).rejects.toThrow('in use by another process');
    expect(await readdir(base)).toEqual(['A']);
    await node.unlock();
  });
});
