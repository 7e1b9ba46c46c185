import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { configureHttp, httpAdapterFor } from './api/http-app.setup.js';
import { loggerOf } from './config/config.module.js';
import { settingsFromOptions, type GrapevineOptions } from './config/options.js';
import type { Settings } from './config/settings.js';
import { GrapevineModule } from './grapevine.module.js';
import { Grapevine } from './grapevine.service.js';
import { PeersService } from './peers/peers.service.js';
import { NestLog } from './runtime/node-logger.service.js';

/** A node that runs. */
export interface RunningNode {
  readonly grapevine: Grapevine;
  /** How peers and clients reach it. */
  readonly url: string;
  /** Drains, leaves the cluster and frees everything. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a node without an application around it. A StartError with a line per problem when the options are not valid, and when
 * another node of the cluster has its name and answers.
 */
export async function startNode(options: GrapevineOptions): Promise<RunningNode> {
  return startWithSettings(settingsFromOptions(options));
}

/** Starts a node with settings that are checked already; resolves when it listens and has joined, or nobody answered for a while. */
async function startWithSettings(settings: Settings): Promise<RunningNode> {
  const app = await (settings.api === false ? startContext(settings) : startHttp(settings));
  const peers = app.get(PeersService, { strict: false });
  try {
    await peers.started();
    await peers.joined();
  } catch (cause) {
    await app.close();
    throw cause;
  }
  let closed: Promise<void> | undefined;
  return {
    grapevine: app.get(Grapevine, { strict: false }),
    url: peers.url,
    close: () => (closed ??= app.close()),
  };
}

function startContext(settings: Settings): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(GrapevineModule.forSettings(settings), nestOptions(settings));
}

async function startHttp(settings: Settings): Promise<INestApplicationContext> {
  const app = await NestFactory.create<NestFastifyApplication>(
    GrapevineModule.forSettings(settings),
    httpAdapterFor(settings),
    { ...nestOptions(settings), bodyParser: false },
  );
  try {
    configureHttp(app, settings);
    await app.listen(settings.port, settings.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}

/** Errors at start are the caller's to handle, not a reason to end its process. */
function nestOptions(settings: Settings): { logger: NestLog; abortOnError: false } {
  return { logger: new NestLog(loggerOf(settings)), abortOnError: false };
}
