import type { AttackCase } from './attack-case.js';
import { forgedFrames } from './cases/forged-frames.js';
import { hostileNumbers } from './cases/hostile-numbers.js';
import { millionOfEverything } from './cases/million-of-everything.js';
import { replayedFrames } from './cases/replayed-frames.js';

/** All of them, in the order of the table. */
export const CASES: readonly AttackCase[] = [forgedFrames, replayedFrames, millionOfEverything, hostileNumbers];
