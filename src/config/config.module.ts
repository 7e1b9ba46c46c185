import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { type DynamicModule, type FactoryProvider, Global, Module, type ModuleMetadata } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Alarms } from '../runtime/alarms.service.js';
import { Deadlines } from '../runtime/deadlines.service.js';
import { FairTurns } from '../runtime/fair-turns.service.js';
import { DataFolder } from '../runtime/data-folder.service.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { Random } from '../runtime/random.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { Settings } from './settings.js';

/** Where settings come from when they are only known once other providers are there. */
export type SettingsSource = Pick<FactoryProvider<Settings | Promise<Settings>>, 'useFactory' | 'inject'> &
  Pick<ModuleMetadata, 'imports'>;

/** What every part of a node stands on: its settings, clock, alarms, log, data folder and random generator. */
@Global()
@Module({})
export class ConfigModule {
  static forRoot(settings: Settings): DynamicModule {
    return ConfigModule.forRootAsync({ useFactory: () => settings });
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: SettingsSource): DynamicModule {
    return {
      module: ConfigModule,
      imports: [ScheduleModule.forRoot(), ...imports],
      providers: [
        { provide: Settings, useFactory, inject },
        SystemClock,
        Alarms,
        Deadlines,
        FairTurns,
        { provide: NodeLogger, useFactory: loggerOf, inject: [Settings] },
        { provide: DataFolder, useFactory: openDataFolder, inject: [Settings] },
        { provide: Random, useFactory: () => new Random(randomBytes(6).readUIntBE(0, 6)) },
      ],
      exports: [Settings, SystemClock, Alarms, Deadlines, FairTurns, NodeLogger, DataFolder, Random],
    };
  }
}

/** The log as the settings want it. */
export function loggerOf(settings: Settings): NodeLogger {
  return new NodeLogger({ node: settings.name, level: settings.logLevel, format: settings.logFormat });
}

/** Locked before it is handed out, so whoever has it injected may read and write. */
async function openDataFolder(settings: Settings): Promise<DataFolder> {
  const folder = new DataFolder(settings.dataDir === undefined ? undefined : resolve(settings.dataDir));
  await folder.lock();
  return folder;
}
