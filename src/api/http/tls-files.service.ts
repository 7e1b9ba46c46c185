import { readFileSync } from 'node:fs';
import { Server as HttpsServer } from 'node:https';
import { resolve } from 'node:path';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Settings } from '../../config/settings.js';
import { Alarms } from '../../runtime/alarms.service.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { StartError } from '../../runtime/start-error.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { WatchedFile } from '../../runtime/watched-file.adapter.js';
import { checkTlsCredentials, TLS_FILE_BYTES_MAX, type TlsCredentials } from './tls-credentials.adapter.js';

/** The certificate and key that the settings name, undefined when they name none; a StartError when they cannot be used. */
export function readTlsCredentials({ tlsCertFile, tlsKeyFile }: Settings): TlsCredentials | undefined {
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
  const credentials = checkTlsCredentials({
    cert: readAtStart('TLS_CERT_FILE', tlsCertFile),
    key: readAtStart('TLS_KEY_FILE', tlsKeyFile),
  });
  if (!credentials.ok) throw new StartError(credentials.reason);
  return credentials.value;
}

function readAtStart(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new StartError(`${variable} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Gives the server a renewed certificate when the files change; new connections get it, those that are open go on. */
@Injectable()
export class TlsFiles implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #files: readonly WatchedFile[];

  constructor(
    { tlsCertFile, tlsKeyFile }: Settings,
    private readonly host: HttpAdapterHost,
    private readonly logger: NodeLogger,
    alarms: Alarms,
    clock: SystemClock,
  ) {
    const paths = tlsCertFile === undefined || tlsKeyFile === undefined ? [] : [tlsCertFile, tlsKeyFile];
    // Certificate and key may stand in one file.
    this.#files = [...new Set(paths)].map(
      (path) => new WatchedFile({ path: resolve(path), bytesMax: TLS_FILE_BYTES_MAX }, alarms, clock),
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.read()));
    for (const file of this.#files) file.watch(() => void this.#renew());
  }

  onApplicationShutdown(): void {
    for (const file of this.#files) file.close();
  }

  async #renew(): Promise<void> {
    const texts = await Promise.all(this.#files.map((file) => file.read()));
    const [cert, key] = [texts[0], texts.at(-1)];
    const server: unknown = this.host.httpAdapter.getHttpServer();
    if (cert?.ok !== true || key?.ok !== true || !(server instanceof HttpsServer)) return;
    const credentials = checkTlsCredentials({ cert: cert.value, key: key.value });
    // The second of the two files may be on its way.
    if (!credentials.ok)
      return this.logger.warn('certificate refused, the old one stays', { reason: credentials.reason });
    server.setSecureContext({ ...credentials.value });
    this.logger.info('certificate renewed');
  }
}
