import { chmod, chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceFile } from '../../../src/cli/replaced-file.service.js';

describe('a file that is replaced', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grapevine-replaced-'));
    path = join(folder, 'list.json');
    await writeFile(path, 'old');
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('keeps its mode, whatever the umask, and leaves nothing else behind', async () => {
    await chmod(path, 0o666);
    await replaceFile(path, 'new');
    expect((await stat(path)).mode & 0o777).toBe(0o666);
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['list.json']);
  });

  it('keeps its owner when the superuser replaces it', async (context) => {
    context.skip(process.getuid?.() !== 0, 'only the superuser gives files away');
    await chown(path, 1, 1);
    await replaceFile(path, 'new');
    expect(await stat(path)).toMatchObject({ uid: 1, gid: 1 });
  });
});
