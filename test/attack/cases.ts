import type { AttackCase } from './attack-case.js';
import { announcedUrls } from './cases/announced-urls.js';
import { forgedFrames } from './cases/forged-frames.js';
import { hostileNumbers } from './cases/hostile-numbers.js';
import { hostileRequests } from './cases/hostile-requests.js';
import { hostileTopics } from './cases/hostile-topics.js';
import { manyPatterns } from './cases/many-patterns.js';
import { millionOfEverything } from './cases/million-of-everything.js';
import { replayedFrames } from './cases/replayed-frames.js';
import { socketFloods } from './cases/socket-floods.js';
import { tokens } from './cases/tokens.js';

/** All of them, in the order of the table. */
export const CASES: readonly AttackCase[] = [
  forgedFrames,
  replayedFrames,
  millionOfEverything,
  hostileNumbers,
  hostileRequests,
  hostileTopics,
  manyPatterns,
  tokens,
  socketFloods,
  announcedUrls,
];
