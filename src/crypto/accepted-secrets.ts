import { acceptedKeysOf, helloKeysOf, type ClusterKeys } from './cluster-keys.js';

/** The secrets of a cluster that a node is given. */
export interface GivenSecrets {
  readonly clusterSecret?: string;
  readonly clusterSecretPrevious?: string;
}

/** What this node accepts and proves to know, as it is now; at most two secrets, the current one first. */
export class AcceptedSecrets {
  readonly #listeners: (() => void)[] = [];
  #given: GivenSecrets;
  #accepted: readonly ClusterKeys[] = [];
  #hello: readonly ClusterKeys[] = [];

  constructor(private readonly settings: GivenSecrets & { readonly allowedKeysFile?: string }) {
    this.#given = settings;
    this.#derive();
  }

  /** Keys of the secrets, none when there is no secret. */
  get accepted(): readonly ClusterKeys[] {
    return this.#accepted;
  }

  /** Keys that hellos are made with and accepted under. */
  get hello(): readonly ClusterKeys[] {
    return this.#hello;
  }

  /** What is accepted when the node starts, before anybody asks. */
  begin(given: GivenSecrets): void {
    this.#given = given;
    this.#derive();
  }

  /** Other secrets are accepted from now on. */
  replace(given: GivenSecrets): void {
    const { clusterSecret, clusterSecretPrevious } = this.#given;
    if (given.clusterSecret === clusterSecret && given.clusterSecretPrevious === clusterSecretPrevious) return;
    this.begin(given);
    for (const changed of this.#listeners) changed();
  }

  /** `changed` is called after each change, in the order of attaching. */
  attach(changed: () => void): void {
    this.#listeners.push(changed);
  }

  #derive(): void {
    const { allowedKeysFile } = this.settings;
    this.#accepted = acceptedKeysOf(this.#given);
    this.#hello = helloKeysOf({ ...this.#given, ...(allowedKeysFile === undefined ? {} : { allowedKeysFile }) });
  }
}
