import { StartError } from '../runtime/start-error.js';
import { checkSettings, type SettingName } from './check-settings.js';
import type { Settings } from './settings.js';

/** Options of the embedded API: the settings, with the secrets under shorter names. */
export type GrapevineOptions = Partial<Omit<Settings, 'name' | 'api' | 'clusterSecret' | 'clusterSecretPrevious'>> & {
  /** Unique among the living nodes of the cluster. */
  readonly name: string;
  /** Shared by all nodes of the cluster, at least 32 characters. */
  readonly secret?: string;
  /** Still accepted while the secret is being replaced. */
  readonly secretPrevious?: string;
  /** Where the REST and event interfaces are mounted, default: nowhere; `auth` is another place for `apiAuth`. */
  readonly api?: false | { readonly prefix: string; readonly auth?: string };
};

const OPTION_NAMES: { readonly [name in SettingName]?: string } = {
  clusterSecret: 'secret',
  clusterSecretPrevious: 'secretPrevious',
};

/** Settings from options; a StartError with a line per problem when they are not valid. */
export function settingsFromOptions(options: GrapevineOptions): Settings {
  const { secret, secretPrevious, api = false, ...rest } = options;
  const { auth, ...mount } = Object(api) as { readonly auth?: unknown };
  const checked = checkSettings({
    ...rest,
    api: typeof api === 'object' ? mount : api,
    apiAuth: auth ?? rest.apiAuth,
    clusterSecret: secret,
    clusterSecretPrevious: secretPrevious,
  });
  if (checked.ok) return checked.settings;
  const lines = checked.problems.map(({ setting, problem }) => `${OPTION_NAMES[setting] ?? setting} ${problem}`);
  throw new StartError(lines.join('\n'));
}
