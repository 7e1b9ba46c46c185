import { CLIENT_TARGETS } from './client-targets.js';
import { CRYPTO_TARGETS } from './crypto-targets.js';
import type { FuzzTarget } from './fuzz-target.js';
import { GOSSIP_TARGETS } from './gossip-targets.js';
import { HANDSHAKE_TARGETS } from './handshake-targets.js';
import { MEMBERSHIP_TARGETS } from './membership-targets.js';
import { TOKEN_TARGETS } from './token-targets.js';

/** All decoders of what comes from outside; a test holds them against `src`. */
export const TARGETS: readonly FuzzTarget[] = [
  ...MEMBERSHIP_TARGETS,
  ...GOSSIP_TARGETS,
  ...CRYPTO_TARGETS,
  ...HANDSHAKE_TARGETS,
  ...CLIENT_TARGETS,
  ...TOKEN_TARGETS,
];
