import type { ChaosCase } from './case.js';
import { kill } from './cases/kill.js';

/** All cases, in the order of the table. */
export const CASES: readonly ChaosCase[] = [kill];
