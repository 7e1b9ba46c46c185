import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { errorCodes, type FastifyInstance } from 'fastify';
import { Settings } from '../config/settings.js';
import { readNdjson } from './json-body.js';

const TYPES = ['application/x-ndjson', 'application/ndjson'];

/** Teaches the HTTP server newline-delimited JSON, for the paths of the API and no others. */
@Injectable()
export class NdjsonIntake implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    const { httpAdapter } = this.host;
    if (this.settings.api === false || httpAdapter.getType() !== 'fastify') return;
    const server: FastifyInstance = httpAdapter.getInstance();
    const { bodyBytes: bodyLimit } = this.settings;
    const path = `${this.settings.api.prefix}/`;
    const types = TYPES.filter((type) => !server.hasContentTypeParser(type));
    server.addContentTypeParser(types, { parseAs: 'string', bodyLimit }, (request, body, done) => {
      const isOurs = request.url.startsWith(path);
      // Elsewhere as if nobody had taught it.
      if (isOurs) done(null, readNdjson(body.toString()));
      else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(request.headers['content-type']));
    });
  }
}
