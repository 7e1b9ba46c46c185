import { validateSync } from 'class-validator';
import { isLoopbackHost, isWildcardHost } from './addresses.js';
import { Settings } from './settings.js';

/** Per second and client, where others than the machine's owner may come. */
const RATE_REQUESTS_DEFAULT = 1_000;
const RATE_MESSAGES_DEFAULT = 10_000;

/** Name of a setting. */
export type SettingName = keyof Settings;

/** What is wrong with one setting, as the end of a sentence that begins with its name. */
export interface SettingProblem {
  readonly setting: SettingName;
  readonly problem: string;
}

/** Settings to be used as they are, or all that is wrong with them. */
export type CheckedSettings =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly SettingProblem[] };

/** Given values over the defaults, checked one by one and together. Undefined values count as not given. */
export function checkSettings(given: { readonly [name in SettingName]?: unknown }): CheckedSettings {
  const overrides = Object.entries(given).filter(([, value]) => value !== undefined);
  const settings: Settings = Object.assign(new Settings(), Object.fromEntries(overrides));
  const single = validateSync(settings, { stopAtFirstError: true }).map((error) => ({
    setting: error.property as SettingName,
    problem: Object.values(error.constraints ?? {})[0] ?? 'is not valid',
  }));
  const problems = [...unknownNames(overrides), ...single];
  if (problems.length === 0) problems.push(...problemsTogether(settings));
  if (problems.length > 0) return { ok: false, problems };
  if (settings.dataDir === undefined && settings.store !== 'memory') settings.dataDir = `./data/${settings.name}`;
  settings.apiAuth ??= 'open';
  settings.apiAudience ??= settings.clusterName;
  // Clients on this machine share one address, and are its owner's.
  const isLocal = isLoopbackHost(settings.host);
  settings.rateRequests ??= isLocal ? 0 : RATE_REQUESTS_DEFAULT;
  settings.rateMessages ??= isLocal ? 0 : RATE_MESSAGES_DEFAULT;
  return { ok: true, settings };
}

function unknownNames(overrides: readonly (readonly [string, unknown])[]): SettingProblem[] {
  return overrides
    .filter(([name]) => !isSettingName(name))
    .map(([name]) => ({ setting: name as SettingName, problem: 'is not known' }));
}

/** Class fields exist on every instance, also those without a default. */
function isSettingName(name: string): boolean {
  return Object.hasOwn(new Settings(), name);
}

function problemsTogether(settings: Settings): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const { host, clusterSecretPrevious } = settings;
  const hasSecret = settings.clusterSecret !== undefined || settings.clusterSecretFile !== undefined;
  if (!isLoopbackHost(host)) {
    const reach = `as ${host} can be reached from other machines`;
    if (!hasSecret) problems.push({ setting: 'clusterSecret', problem: `must be given, ${reach}` });
    if (settings.apiAuth === undefined && settings.api !== false) {
      problems.push({ setting: 'apiAuth', problem: `must be given, ${reach} (open lets everybody in)` });
    }
  }
  if (isWildcardHost(host) && settings.advertiseUrl === undefined) {
    problems.push({ setting: 'advertiseUrl', problem: `must be given, as peers cannot dial ${host}` });
  }
  if (clusterSecretPrevious !== undefined && !hasSecret) {
    problems.push({ setting: 'clusterSecretPrevious', problem: 'has no meaning without a current secret' });
  }
  problems.push(...tlsProblems(settings));
  if (settings.messageBytes > settings.bodyBytes) {
    problems.push({ setting: 'bodyBytes', problem: 'must not be below the largest message' });
  }
  return problems;
}

function tlsProblems({ tlsCertFile, tlsKeyFile, api }: Settings): SettingProblem[] {
  if (tlsCertFile === undefined && tlsKeyFile === undefined) return [];
  if (tlsKeyFile === undefined)
    return [{ setting: 'tlsKeyFile', problem: 'must be given together with a certificate' }];
  if (tlsCertFile === undefined) return [{ setting: 'tlsCertFile', problem: 'must be given together with a key' }];
  if (api === false) return [{ setting: 'tlsCertFile', problem: 'has no meaning without interfaces for clients' }];
  return [];
}
