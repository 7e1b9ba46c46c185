import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MIB = 1024 * 1024;
/** Flushing to memory takes no time. */
const FAST = '/dev/shm';

/** Why disks cannot be made here, or undefined. */
export function noLoopDisks(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, to mount file systems';
  try {
    new LoopDisk(8).close();
    return undefined;
  } catch (error) {
    return `cannot mount a file system: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** A small ext4 file system in a file: it can be full, and its power can be cut. Nothing is written to it that nobody asked to flush, for a while. */
export class LoopDisk {
  readonly #folder = mkdtempSync(join(existsSync(FAST) ? FAST : tmpdir(), 'grapevine-disk-'));
  readonly #image = join(this.#folder, 'image');
  readonly path = join(this.#folder, 'mounted');
  #isMounted = false;

  constructor(mebibytes: number, imageOf?: LoopDisk) {
    mkdirSync(this.path);
    if (imageOf === undefined) {
      writeFileSync(this.#image, '');
      truncateSync(this.#image, mebibytes * MIB);
      execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', this.#image]);
    } else {
      copyFileSync(imageOf.#image, this.#image);
    }
    // The journal takes with it what was not asked for, so it is written seldom.
    execFileSync('mount', ['-o', 'loop,commit=300', this.#image, this.path], { stdio: 'pipe' });
    this.#isMounted = true;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Leaves `bytes` free. */
  fill(bytes: number): void {
    this.empty();
    const chunk = Buffer.alloc(64 * 1024);
    try {
      while (this.freeBytes > bytes) appendFileSync(this.#ballast, chunk.subarray(0, this.freeBytes - bytes));
    } catch (error) {
      // The last bytes are for the file system itself.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  /** Takes away what `fill` put there. */
  empty(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** The disk as it is found after its power is cut now: with what was flushed, and what the system wrote by itself. */
  cutPower(): LoopDisk {
    return new LoopDisk(0, this);
  }

  close(): void {
    if (this.#isMounted) execFileSync('umount', ['--lazy', this.path]);
    this.#isMounted = false;
    if (existsSync(this.#folder)) rmSync(this.#folder, { recursive: true, force: true });
  }

  get #ballast(): string {
    return join(this.path, 'ballast');
  }
}
