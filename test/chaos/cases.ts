import type { ChaosCase } from './case.js';
import { bitRot } from './cases/bit-rot.js';
import { blockedLoop } from './cases/blocked-loop.js';
import { clocks } from './cases/clocks.js';
import { emptyDisk } from './cases/empty-disk.js';
import { freeze } from './cases/freeze.js';
import { fullDisk } from './cases/full-disk.js';
import { kill } from './cases/kill.js';
import { nameClash } from './cases/name-clash.js';
import { newAddress } from './cases/new-address.js';
import { oneWayCut } from './cases/one-way-cut.js';
import { partition, partitionOfNamespaces } from './cases/partition.js';
import { powerCut } from './cases/power-cut.js';
import { rollingRestart } from './cases/rolling-restart.js';
import { secretRotation } from './cases/secret-rotation.js';
import { slowClient } from './cases/slow-client.js';
import { slowNetwork } from './cases/slow-network.js';
import { slowPeer } from './cases/slow-peer.js';
import { stampede } from './cases/stampede.js';

/** All cases, in the order of the table. */
export const CASES: readonly ChaosCase[] = [
  kill,
  rollingRestart,
  partition,
  partitionOfNamespaces,
  oneWayCut,
  slowNetwork,
  freeze,
  blockedLoop,
  clocks,
  fullDisk,
  bitRot,
  powerCut,
  emptyDisk,
  secretRotation,
  nameClash,
  newAddress,
  stampede,
  slowClient,
  slowPeer,
];
