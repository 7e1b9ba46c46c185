import { Catch, Injectable, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { ClientCounters } from './client-counters.js';
import { asGrapevineError, problemHeaders, problemOf, PROBLEM_TYPE } from './problem.js';

/** Answers every error of a request as a problem document; what nobody foresaw is logged. */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly logger: NodeLogger,
    private readonly counters: ClientCounters,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const error = asGrapevineError(thrown);
    this.counters.refuse(error.code);
    if (error.code === 'internal') this.logger.error('request-failed', { error: thrown });
    const { httpAdapter } = this.host;
    const response: unknown = host.switchToHttp().getResponse();
    if (httpAdapter.isHeadersSent(response)) return;
    httpAdapter.setHeader(response, 'content-type', PROBLEM_TYPE);
    httpAdapter.setHeader(response, 'cache-control', 'no-store');
    for (const [name, value] of Object.entries(problemHeaders(error))) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, JSON.stringify(problemOf(error)), error.status);
  }
}
