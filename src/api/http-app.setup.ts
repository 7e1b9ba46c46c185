import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import helmet from '@fastify/helmet';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Settings } from '../config/settings.js';
import { GrapevineError } from '../runtime/errors.js';
import { ClientAccess } from './auth/access.service.js';
import { mountDocs } from './docs.setup.js';
import { HostCheck } from './http/host-check.service.js';
import { clientErrorAnswer } from './http/client-error.js';
import { readTlsCredentials } from './http/tls-files.service.js';
import { readJson } from './json-body.js';
import { OpenConnections } from './limits/open-connections.service.js';
import { asGrapevineError, problemOf, PROBLEM_TYPE } from './problem.js';
import { ProblemFilter } from './problem.filter.js';
import { RouteTable } from './route-table.js';

/** Longest topic in a path, before decoding. */
const PARAM_CHARACTERS_MAX = 1_024;

/** How long a client may take for the headers of a request, and for all of it. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Node looks so often for requests that take longer. */
const TIMEOUTS_CHECKED_MS = 1_000;
/** Longer than any answer is waited for, and than the pauses between the heartbeats of streams. */
const SILENCE_MS_MAX = 75_000;
/** Longer than the minute for which proxies keep connections: the one that closes first must not be the node. */
const KEEP_ALIVE_MS = 72_000;
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;
const HEADERS_BYTES_MAX = 16 * 1024;

/** The HTTP server of a node that is an application of its own; to be used with Nest's `bodyParser: false`. A StartError when its certificate cannot be used. */
export function httpAdapterFor(settings: Settings): FastifyAdapter {
  const server = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUTS_CHECKED_MS,
    maxHeaderSize: HEADERS_BYTES_MAX,
  };
  const credentials = readTlsCredentials(settings);
  return new FastifyAdapter({
    ...(credentials === undefined
      ? { http: server }
      : { https: { ...server, ...credentials, handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS } }),
    bodyLimit: settings.bodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: SILENCE_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: PARAM_CHARACTERS_MAX },
    // What cannot be read never comes to a filter.
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => {
      if (socket.writable && socket.bytesWritten === 0) socket.write(clientErrorAnswer(error.code));
      socket.destroySoon();
    },
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
 * Makes an application that is a node and nothing else speak Grapevine's HTTP: limits, content types, problem documents for
 * what no controller answers, security headers, CORS, and the documentation. To be called before `app.init` or `app.listen`.
 */
export function configureHttp(app: NestFastifyApplication, settings: Settings): void {
  if (settings.api === false) return;
  const server = app.getHttpAdapter().getInstance();
  app.get(OpenConnections).watch(app.getHttpServer());
  setSecurityHeaders(server, settings);
  checkRequests(server, app.get(HostCheck), app.get(ClientAccess), `${settings.api.prefix}/health/`);
  takeOnlyJson(server);
  refuseUnknownMethods(server);
  app.useGlobalFilters(app.get(ProblemFilter));
  if (settings.corsOrigins.length > 0) {
    const origin = settings.corsOrigins.includes('*') ? '*' : settings.corsOrigins;
    app.enableCors({ origin, methods: ['GET', 'HEAD', 'POST'] });
  }
  mountDocs(app, settings.api.prefix);
}

/** The documentation is the only page, and loads nothing from elsewhere; Swagger UI styles its elements in place. */
function setSecurityHeaders(server: FastifyInstance, { tlsCertFile }: Settings): void {
  void server.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    hsts: tlsCertFile !== undefined,
  });
}

/** Before the body of a request is read: under which name, in which coding, and by whom, so that a client's limits hold for all it asks for. */
function checkRequests(server: FastifyInstance, hosts: HostCheck, access: ClientAccess, health: string): void {
  hosts.turnOn();
  server.addHook('onRequest', async ({ raw }: { readonly raw: IncomingMessage }) => {
    hosts.assert(raw.headers.host);
    const coding = raw.headers['content-encoding'];
    if (coding !== undefined && coding !== 'identity') {
      throw new GrapevineError('unsupported-media-type', 'Bodies are taken as they are, without a content coding.');
    }
    // Whoever watches over the node must not find it dead because another at the same address asks too much.
    if (raw.url?.startsWith(health) !== true) await access.admit(raw);
  });
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
