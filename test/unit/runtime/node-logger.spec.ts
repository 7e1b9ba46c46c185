import { describe, expect, it } from 'vitest';
import { type LoggerOptions, NestLog, NodeLogger } from '../../../src/runtime/node-logger.service.js';

function logOf(options: Partial<LoggerOptions>, use: (logger: NodeLogger) => void): string[] {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  use(new NodeLogger({ node: 'A', level: 'info', format: 'json', destination, ...options }));
  return lines;
}

describe('the log', () => {
  it('is one JSON object a line: time, level, node, event and fields', () => {
    const [line] = logOf({}, (logger) => logger.warn('link refused', { reason: 'wrong-secret' }));
    expect(JSON.parse(line ?? '')).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      node: 'A',
      reason: 'wrong-secret',
      event: 'link refused',
    });
  });

  it('holds nothing below its level', () => {
    const lines = logOf({ level: 'warn' }, (logger) => {
      logger.debug('a');
      logger.info('b');
      logger.warn('c');
      logger.error('d');
    });
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(['c', 'd']);
    expect(logOf({ level: 'silent' }, (logger) => logger.error('e'))).toEqual([]);
  });

  it('tells an error with its cause', () => {
    const error = new Error('store failed', { cause: new Error('disk full') });
    const [line] = logOf({}, (logger) => logger.error('append failed', { error }));
    expect(JSON.parse(line ?? '').error).toMatchObject({ message: 'store failed', cause: { message: 'disk full' } });
  });

  it('has the complaints of the framework, and its chatter only when debugging', () => {
    const use = (logger: NodeLogger): void => {
      new NestLog(logger).log('Mapped {/status, GET} route', 'RouterExplorer');
      new NestLog(logger).error('failed', 'Error: failed\n at x', 'ExceptionsHandler');
    };
    expect(logOf({}, use).map((line) => JSON.parse(line))).toMatchObject([
      { event: 'nest', message: 'failed', context: 'ExceptionsHandler', stack: 'Error: failed\n at x' },
    ]);
    expect(logOf({ level: 'debug' }, use)).toHaveLength(2);
  });
});
