import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

const session = new Session();

/** What any worker can be asked beside its own calls. */
export const profilerCalls = {
  /** Samples what this process does from now on. */
  async startProfile(): Promise<void> {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
  },

  /** Writes what was sampled. */
  async endProfile(file: string): Promise<void> {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    writeFileSync(file, JSON.stringify(profile));
  },
};
