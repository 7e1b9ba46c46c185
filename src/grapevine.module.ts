import { ConfigurableModuleBuilder, type DynamicModule, Module } from '@nestjs/common';
import { ApiModule } from './api/api.module.js';
import { ConfigModule } from './config/config.module.js';
import { settingsFromOptions, type GrapevineOptions } from './config/options.js';
import { Settings } from './config/settings.js';
import { Grapevine } from './grapevine.service.js';
import { SubscriptionsModule } from './subscriptions/subscriptions.module.js';

/** Controllers and gateways are made before providers, so where they are mounted cannot come out of a factory. */
interface GrapevineMount {
  /** Where the REST and event interfaces are mounted; default: nowhere. */
  api?: GrapevineOptions['api'];
  /** As in the options; needed here as well when browsers of other origins use the events. */
  corsOrigins?: string[];
}

const OPTIONS = Symbol('GrapevineOptions');

const { ConfigurableModuleClass, ASYNC_OPTIONS_TYPE } = new ConfigurableModuleBuilder<GrapevineOptions>({
  optionsInjectionToken: OPTIONS,
})
  .setClassMethodName('forRoot')
  .setExtras<GrapevineMount>({}, (definition) => ({ ...definition, exports: [OPTIONS] }))
  .build();

@Module({})
class GrapevineOptionsModule extends ConfigurableModuleClass {}

/** A node inside a Nest application: provides `Grapevine`, and the REST and event interfaces when `api` says where. */
@Module({ providers: [Grapevine], exports: [Grapevine] })
export class GrapevineModule {
  /** A StartError with a line per problem when the options are not valid. */
  static forRoot(options: GrapevineOptions): DynamicModule {
    return GrapevineModule.forSettings(settingsFromOptions(options));
  }

  /** As `forRoot`, with options made by a factory or a class; `api` and `corsOrigins` are given beside it. */
  static forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    const { api = false, corsOrigins = [] } = options;
    const config = ConfigModule.forRootAsync({
      imports: [GrapevineOptionsModule.forRootAsync(options)],
      inject: [OPTIONS],
      useFactory: (made: GrapevineOptions) =>
        settingsFromOptions({ ...made, api, corsOrigins: made.corsOrigins ?? corsOrigins }),
    });
    return assemble(config, Object.assign(new Settings(), { api, corsOrigins }));
  }

  /** A node with settings that are checked already. */
  static forSettings(settings: Settings): DynamicModule {
    return assemble(ConfigModule.forRoot(settings), settings);
  }
}

function assemble(config: DynamicModule, settings: Settings): DynamicModule {
  const { api } = settings;
  const interfaces = api === false ? [] : [ApiModule.forRoot(Object.assign(settings, { api }))];
  return { module: GrapevineModule, imports: [config, SubscriptionsModule, ...interfaces] };
}
