import { Injectable, type LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { LogFormat, LogLevel } from './log-level.js';

/** Whose log it is, how much of it is written, and where to. */
export interface LoggerOptions {
  /** Stands in every line as `node`. */
  readonly node: string;
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/**
 * Structured log: an event name and fields, one JSON object a line. Fields never hold a key, a token or a payload.
 */
@Injectable()
export class NodeLogger {
  readonly #pino: Logger;

  constructor(options: LoggerOptions) {
    const { destination } = options;
    this.#pino = pino(
      {
        level: options.level,
        base: { node: options.node },
        messageKey: 'event',
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (level) => ({ level }) },
        errorKey: 'error',
        serializers: { error: pino.stdSerializers.errWithCause, cause: pino.stdSerializers.errWithCause },
      },
      options.format === 'pretty' ? prettyLines(destination) : (destination ?? pino.destination({ fd: 1, sync: true })),
    );
  }

  error(event: string, fields: object = {}): void {
    this.#pino.error(fields, event);
  }

  warn(event: string, fields: object = {}): void {
    this.#pino.warn(fields, event);
  }

  info(event: string, fields: object = {}): void {
    this.#pino.info(fields, event);
  }

  debug(event: string, fields: object = {}): void {
    this.#pino.debug(fields, event);
  }
}

function prettyLines(destination: DestinationStream | undefined): DestinationStream {
  return PinoPretty({ destination: destination ?? 1, sync: true, messageKey: 'event', colorize: false });
}

/** Nest's own messages as lines of the node's log; its chatter at start is kept for `debug`. */
export class NestLog implements LoggerService {
  constructor(private readonly logger: NodeLogger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.logger.debug('nest', nestFields(message, rest));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.logger.debug('nest', nestFields(message, rest));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn('nest', nestFields(message, rest));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error('nest', nestFields(message, rest));
  }
}

/** Nest passes the context last, and for errors a stack before it. */
function nestFields(message: unknown, rest: readonly unknown[]): object {
  const context = rest.at(-1);
  const stack = rest.length > 1 ? rest[0] : undefined;
  return { ...(message instanceof Error ? { error: message } : { message }), context, stack };
}
