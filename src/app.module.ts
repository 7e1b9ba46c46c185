import { type DynamicModule, Module } from '@nestjs/common';
import type { Settings } from './config/settings.js';
import { GrapevineModule } from './grapevine.module.js';

/** One node as a process of its own: Grapevine with the settings of the environment, its interfaces at the root. */
@Module({})
export class AppModule {
  static forRoot(settings: Settings): DynamicModule {
    return { module: AppModule, imports: [GrapevineModule.forSettings(settings)] };
  }
}
