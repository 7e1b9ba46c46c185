import type { VersionRange } from './hello.js';

/** Protocol versions that this build speaks: the newest, and the one before, so that a cluster is upgraded node by node. */
export const PROTOCOL_VERSIONS: VersionRange = { min: 1, max: 2 };

/** What this node offers in its hellos is provided under this token; a test that stands for an older build provides less. */
export const SPOKEN_VERSIONS = Symbol('SPOKEN_VERSIONS');

/** The version of a link from which on the rules of a node are told over it. */
export const RULES_SINCE_VERSION = 2;

/** The version of a link from which on each end tells the other what it has received. */
export const RECEIPTS_SINCE_VERSION = 2;

/** The version of a link from which on a helper tells what time it is at the node that it probed. */
export const HELPED_CLOCK_SINCE_VERSION = 2;
