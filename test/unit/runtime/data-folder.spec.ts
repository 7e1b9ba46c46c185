import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../../src/runtime/data-folder.service.js';
import { StartError } from '../../../src/runtime/start-error.js';

let base: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'grapevine-'));
});

afterEach(() => rm(base, { recursive: true }));

describe.each(['on disk', 'in memory'])('a data folder %s', (kind) => {
  const folder = (): DataFolder => new DataFolder(kind === 'on disk' ? join(base, 'deep', 'A') : undefined);

  it('reads what was written, and undefined before', async () => {
    const data = folder();
    await data.lock();
    expect(await data.readJson('state.json')).toBeUndefined();
    await data.writeJson('state.json', { topics: ['chat'] });
    expect(await data.readJson('state.json')).toEqual({ topics: ['chat'] });
    await data.unlock();
  });

  it('keeps the value written last, also when writes overlap', async () => {
    const data = folder();
    await data.lock();
    await Promise.all(Array.from({ length: 20 }, (_, value) => data.writeJson('state.json', value)));
    expect(await data.readJson('state.json')).toBe(19);
    await data.unlock();
  });

  it('gives growing epochs that start at the present time', async () => {
    const data = folder();
    await data.lock();
    const before = Date.now();
    const epochs = [await data.nextEpoch(), await data.nextEpoch(), await data.nextEpoch()];
    expect(epochs[0]).toBeGreaterThanOrEqual(before);
    expect(epochs.toSorted((a, b) => a - b)).toEqual(epochs);
    expect(new Set(epochs).size).toBe(3);
    await data.unlock();
  });
});

describe('a data folder on disk', () => {
  it('keeps documents for the next life, readable by their owner alone', async () => {
    const first = new DataFolder(join(base, 'A'));
    await first.lock();
    await first.writeJson('state.json', 1);
    await first.unlock();
    const second = new DataFolder(join(base, 'A'));
    await second.lock();
    expect(await second.readJson('state.json')).toBe(1);
    expect((await stat(join(base, 'A', 'state.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(base, 'A'))).mode & 0o777).toBe(0o700);
    expect((await readdir(join(base, 'A'))).toSorted()).toEqual(['lock', 'state.json']);
    await second.unlock();
  });

  it('never repeats an epoch, even when the clock was set back', async () => {
    const future = Date.now() + 1e9;
    const folder = new DataFolder(base);
    await folder.writeJson('epoch.json', { epoch: future });
    expect(await folder.nextEpoch()).toBe(future + 1);
    expect(JSON.parse(await readFile(join(base, 'epoch.json'), 'utf8'))).toEqual({ epoch: future + 1 });
  });

  it('is for one process at a time, and free again when given back', async () => {
    const first = new DataFolder(base);
    const second = new DataFolder(base);
    await first.lock();
    await expect(second.lock()).rejects.toThrow(new StartError(`the data folder ${base} is in use by another process`));
    await first.unlock();
    await second.lock();
    await second.unlock();
  });

  it('says so when a document is damaged or the folder cannot be made', async () => {
    await writeFile(join(base, 'state.json'), '{"half":');
    await expect(new DataFolder(base).readJson('state.json')).rejects.toThrow(/state\.json is damaged/);
    await writeFile(join(base, 'file'), '');
    await expect(new DataFolder(join(base, 'file')).lock()).rejects.toThrow(StartError);
  });

  it('takes later writes after one that failed', async () => {
    const folder = new DataFolder(base);
    await expect(folder.writeJson('no/such/place.json', 1)).rejects.toThrow('ENOENT');
    await folder.writeJson('state.json', 2);
    expect(await folder.readJson('state.json')).toBe(2);
  });
});

describe('a data folder on a disk that does not answer', () => {
  it('refuses what waits too long, and takes documents again when it answers', { timeout: 60_000 }, async () => {
    const data = new DataFolder(base);
    // Opening a pipe waits for whoever reads it.
    execFileSync('mkfifo', [join(base, 'state.json.new')]);
    const stuck = data.writeJson('state.json', 1);
    const behind = data.writeJson('other.json', 2);
    await expect(stuck).rejects.toMatchObject({ code: 'store-failing' });
    await expect(behind).rejects.toMatchObject({ code: 'store-failing' });
    await readFile(join(base, 'state.json.new'));
    await data.writeJson('other.json', 3);
    expect(await data.readJson('other.json')).toBe(3);
  });
});
