import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { decodeSecretFile, SECRET_FILE_BYTES_MAX } from '../config/secret-file.js';
import { Settings } from '../config/settings.js';
import { Alarms } from '../runtime/alarms.service.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { WatchedDocument } from '../runtime/watched-document.adapter.js';
import { AcceptedSecrets, type GivenSecrets } from './accepted-secrets.js';

type Secrets = { readonly current: string; readonly previous?: string };

/** Keeps the accepted secrets as the file says, if there is one; a wrong file leaves them as they were. Ready after `onModuleInit`. */
@Injectable()
export class SecretFile implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #document: WatchedDocument<Secrets> | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly secrets: AcceptedSecrets,
    logger: NodeLogger,
    alarms: Alarms,
    clock: SystemClock,
  ) {
    const { clusterSecretFile: path } = settings;
    if (path === undefined) return;
    const kind = { what: 'secret file', path, bytesMax: SECRET_FILE_BYTES_MAX, decode: decodeSecretFile };
    this.#document = new WatchedDocument(kind, { logger, alarms, clock });
  }

  async onModuleInit(): Promise<void> {
    await this.#document?.open();
    const secrets = this.#document?.value;
    if (secrets !== undefined) this.secrets.begin(this.#given(secrets));
  }

  onApplicationBootstrap(): void {
    this.#document?.watch((secrets) => this.secrets.replace(this.#given(secrets)));
  }

  onApplicationShutdown(): void {
    this.#document?.close();
  }

  #given({ current, previous = this.settings.clusterSecretPrevious }: Secrets): GivenSecrets {
    return previous === undefined
      ? { clusterSecret: current }
      : { clusterSecret: current, clusterSecretPrevious: previous };
  }
}
