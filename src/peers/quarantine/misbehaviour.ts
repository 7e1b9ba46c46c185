import { SCORE_MAX } from './quarantine.js';

/** What an honest peer never sends over its link: it verifies what it passes on, and its codec writes what ours reads. */
export type Misbehaviour =
  | 'malformed-frame' // not a frame of the channel that it came on
  | 'forged-statement' // a record, accusation or interest whose signature is wrong
  | 'forged-bundle'; // a bundle whose signature is wrong, or not of the publisher whom it names

/** So many of each within a minute shut a peer out. */
const TOLERATED: Readonly<Record<Misbehaviour, number>> = {
  'malformed-frame': 10,
  'forged-statement': 5,
  'forged-bundle': 20,
};

export function weightOf(misbehaviour: Misbehaviour): number {
  return SCORE_MAX / TOLERATED[misbehaviour];
}
