import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { FactoryProvider } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { DataFolder } from '../../runtime/data-folder.service.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { BUNDLE_STORE, type BundleStore } from './bundle-store.js';
import { LmdbBundleStore } from './lmdb-bundle-store.service.js';
import { MemoryBundleStore } from './memory-bundle-store.js';

const STORE_FOLDER = 'store';

/** The store that the settings ask for; the log opens and closes it. */
export const bundleStoreProvider: FactoryProvider<BundleStore> = {
  provide: BUNDLE_STORE,
  inject: [Settings, DataFolder, SystemClock, NodeLogger],
  useFactory: (settings: Settings, { path }: DataFolder, clock: SystemClock, logger: NodeLogger) => {
    if (settings.store === 'memory' || path === undefined) {
      return new MemoryBundleStore(randomBytes(6).toString('base64url'));
    }
    return new LmdbBundleStore({ folder: join(path, STORE_FOLDER), durability: settings.durability, clock, logger });
  },
};
