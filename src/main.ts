import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { configureHttp, httpAdapterFor } from './api/http-app.setup.js';
import { AppModule } from './app.module.js';
import { loggerOf } from './config/config.module.js';
import { readEnvironment } from './config/environment.js';
import type { Settings } from './config/settings.js';
import { PeersService } from './peers/peers.service.js';
import { NestLog } from './runtime/node-logger.service.js';
import { StartError } from './runtime/start-error.js';

const SHUTDOWN_MS_MAX = 10_000;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** `npm start`: one node, configured by the environment, until it is told to stop. */
async function run(settings: Settings): Promise<void> {
  const logger = loggerOf(settings);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(settings), httpAdapterFor(settings), {
    logger: new NestLog(logger),
    abortOnError: false,
    bodyParser: false,
  });
  configureHttp(app, settings);
  app.enableShutdownHooks(SIGNALS, { useProcessExit: true });
  for (const signal of SIGNALS) process.once(signal, limitShutdown);
  stopWithParent();
  await app.listen(settings.port, settings.host);
  process.send?.('listening');
  await joinOrClose(app);
}

/** A node whose name is taken may not join, and frees everything before it says so. */
async function joinOrClose(app: NestFastifyApplication): Promise<void> {
  try {
    await app.get(PeersService, { strict: false }).joined();
  } catch (cause) {
    limitShutdown();
    await app.close();
    throw cause;
  }
}

/** A shutdown that hangs is ended, so that whoever waits for it does not hang as well. */
function limitShutdown(): void {
  setTimeout(() => process.exit(1), SHUTDOWN_MS_MAX).unref();
}

/** A node that another program started with a channel to it does not outlive it. */
function stopWithParent(): void {
  if (process.connected) process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}

function readableReason(error: unknown): string {
  if (error instanceof StartError) return error.message;
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE') return `port ${port} of ${address} is in use by another process`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `${address} is not an address of this machine`;
  if (code === 'EACCES') return `port ${port} of ${address} may not be used by this user`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function refuse(lines: string): never {
  process.stderr.write(`${lines}\n`);
  process.exit(1);
}

const environment = readEnvironment(process.env, {
  hostName: hostname(),
  readFile: (path) => readFileSync(path, 'utf8'),
});
if (!environment.ok) refuse(environment.problems.join('\n'));
try {
  await run(environment.settings);
} catch (error) {
  refuse(readableReason(error));
}
