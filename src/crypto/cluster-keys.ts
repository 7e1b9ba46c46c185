import { hkdfSync } from 'node:crypto';

/** What a cluster secret is turned into, one key per purpose. */
export interface ClusterKeys {
  /** Authenticates hellos, so that strangers are turned away before anything costly. */
  readonly hello: Buffer;
  /** Proves in a node's record that the node knew the secret. */
  readonly admission: Buffer;
  /** Enters the keys of every link. */
  readonly link: Buffer;
}

/** Keys of one secret; of the empty one where there is none. */
export function clusterKeysOf(secret: string): ClusterKeys {
  const derive = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, 'grapevine cluster 1', purpose, 32));
  return { hello: derive('hello'), admission: derive('admission'), link: derive('link') };
}

/** Keys of the secrets that a node accepts, the current one first; none when it was given none. */
export function acceptedKeysOf(secrets: {
  readonly clusterSecret?: string;
  readonly clusterSecretPrevious?: string;
}): readonly ClusterKeys[] {
  const given = [secrets.clusterSecret, secrets.clusterSecretPrevious];
  return given.filter((secret) => secret !== undefined).map(clusterKeysOf);
}

/**
 * What hellos are made with and accepted under. Where there is no secret, and where an allow-list admits nodes that know
 * none, the empty secret stands last: such a hello proves nothing, the record and the signature of the transcript decide.
 */
export function helloKeysOf(settings: {
  readonly clusterSecret?: string;
  readonly clusterSecretPrevious?: string;
  readonly allowedKeysFile?: string;
}): readonly ClusterKeys[] {
  const accepted = acceptedKeysOf(settings);
  const isSecretNeeded = accepted.length > 0 && settings.allowedKeysFile === undefined;
  return isSecretNeeded ? accepted : [...accepted, clusterKeysOf('')];
}
