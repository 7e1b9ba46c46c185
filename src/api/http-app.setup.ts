import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Settings } from '../config/settings.js';
import { GrapevineError } from '../runtime/errors.js';
import { mountDocs } from './docs.setup.js';
import { readJson } from './json-body.js';
import { asGrapevineError, problemOf, PROBLEM_TYPE } from './problem.js';
import { ProblemFilter } from './problem.filter.js';
import { RouteTable } from './route-table.js';

/** Longest topic in a path, before decoding. */
const PARAM_CHARACTERS_MAX = 1_024;

/** The HTTP server of a node that is an application of its own; to be used with Nest's `bodyParser: false`. */
export function httpAdapterFor(settings: Settings): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: settings.bodyBytes,
    routerOptions: { maxParamLength: PARAM_CHARACTERS_MAX },
    // What the router cannot read never comes to a filter.
    frameworkErrors: (error: unknown, _request: unknown, reply: FastifyReply) => {
      const problem = asGrapevineError(error);
      void reply
        .code(problem.status)
        .type(PROBLEM_TYPE)
        .send(JSON.stringify(problemOf(problem)));
    },
  });
}

/**
 * Makes an application that is a node and nothing else speak Grapevine's HTTP: content types, problem documents for
 * what no controller answers, CORS, and the documentation. To be called before `app.init` or `app.listen`.
 */
export function configureHttp(app: NestFastifyApplication, settings: Settings): void {
  if (settings.api === false) return;
  const server = app.getHttpAdapter().getInstance();
  takeOnlyJson(server);
  refuseUnknownMethods(server);
  app.useGlobalFilters(app.get(ProblemFilter));
  if (settings.corsOrigins.length > 0) {
    const origin = settings.corsOrigins.includes('*') ? '*' : settings.corsOrigins;
    app.enableCors({ origin, methods: ['GET', 'HEAD', 'POST'] });
  }
  mountDocs(app, settings.api.prefix);
}

/** What a page of another site can send without being asked for permission, such as text, is not taken. */
function takeOnlyJson(server: FastifyInstance): void {
  server.removeContentTypeParser(['text/plain', 'application/json']);
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    const json = readJson(body.toString());
    if (json instanceof GrapevineError) done(json);
    else done(null, json);
  });
}

function refuseUnknownMethods(server: FastifyInstance): void {
  const routes = new RouteTable();
  server.addHook('onRoute', ({ url, method }) => routes.add(url, [method].flat()));
  server.addHook('onRequest', (request, reply, done) => {
    const methods = request.is404 ? routes.methodsOf(request.url) : [];
    if (methods.length === 0) return done();
    reply.header('allow', methods.join(', '));
    done(new GrapevineError('method-not-allowed', `Known are ${methods.join(', ')}.`));
  });
}
