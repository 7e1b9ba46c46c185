import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ApiModule } from './api.module.js';

const DESCRIPTION = `Broker-less publish-subscribe. Every node takes publications and serves subscribers.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`. Live messages also come over Socket.IO, namespace \`/events\`:
\`subscribe {topic, after?, batch?}\`, \`unsubscribe {topic}\`, \`publish {topic, message, …}\`; \`authenticate {token}\`; the server sends \`message\`, \`messages\`, \`gap\`, \`cut\` and \`draining\`.

A node that asks for tokens takes a JWT as \`Authorization: Bearer\`, in \`auth.token\` of a socket, and in \`access_token\` of \`GET /stream\`.`;

/** Two lines of newline-delimited JSON, to be run as they are. */
const NDJSON_EXAMPLE = '{"topic":"chat","message":"one"}\n{"topic":"chat","message":{"two":2}}\n';

/** The OpenAPI document of the REST interface. */
function openApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Grapevine')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    .addTag('messages', 'Publish and read')
    .addTag('subscriptions', 'What this node wants')
    .addTag('topics', 'Who wants what')
    .addTag('node', 'State, health and metrics')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    include: [ApiModule],
    operationIdFactory: (_controller, method) => method,
  });
  describeNdjson(document);
  return document;
}

/**
 * Serves the documentation of the REST interface: Swagger UI at `/docs`, the document at `/docs-json`, below the prefix. An
 * application that embeds Grapevine with `api: { prefix }` calls it with that prefix.
 */
export function mountDocs(app: INestApplication, prefix: string): void {
  // Made when it is first asked for: most nodes never are.
  SwaggerModule.setup(`${prefix}/docs`, app, () => openApiDocument(app), {
    customSiteTitle: 'Grapevine',
    swaggerOptions: { tryItOutEnabled: true, displayRequestDuration: true, defaultModelsExpandDepth: 0 },
  });
}

/** Swagger gives every content type the schema of the JSON body; lines of JSON are a text. */
function describeNdjson(document: OpenAPIObject): void {
  for (const path of Object.values(document.paths)) {
    const body = path.post?.requestBody;
    if (body === undefined || !('content' in body) || !('application/x-ndjson' in body.content)) continue;
    body.content['application/x-ndjson'] = { schema: { type: 'string' }, example: NDJSON_EXAMPLE };
  }
}
