import { Body, Controller, HttpCode, Module, ParseArrayPipe, Post, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { ApiProperty, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { IsDefined, IsString, MaxLength } from 'class-validator';

const STRICT = { whitelist: true, forbidNonWhitelisted: true, transform: true };
const KEPT_MAX = 100_000;

class PublishBody {
  @ApiProperty()
  @IsString()
  @MaxLength(255)
  topic!: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  @IsDefined()
  message!: unknown;
}

const kept: PublishBody[] = [];

function keep(body: PublishBody): { id: number } {
  if (kept.length >= KEPT_MAX) kept.length = 0;
  return { id: kept.push(body) };
}

@Controller()
class PublishController {
  @Post('publish')
  @HttpCode(202)
  publish(@Body(new ValidationPipe(STRICT)) body: PublishBody): { id: number } {
    return keep(body);
  }

  @Post('publish-many')
  @HttpCode(200)
  publishMany(@Body(new ParseArrayPipe({ items: PublishBody, ...STRICT })) bodies: PublishBody[]): {
    items: { id: number }[];
  } {
    return { items: bodies.map(keep) };
  }
}

@WebSocketGateway()
class PublishGateway {
  @SubscribeMessage('publish')
  publish(body: PublishBody): { id: number } {
    return keep(body);
  }
}

@Module({ controllers: [PublishController], providers: [PublishGateway] })
class PublishModule {}

/** What a Nest application is that validates, documents itself, takes sockets, and does nothing but push to an array. */
export async function startNest(): Promise<string> {
  const app = await NestFactory.create<NestFastifyApplication>(PublishModule, new FastifyAdapter(), { logger: false });
  app.useWebSocketAdapter(new IoAdapter(app));
  SwaggerModule.setup('docs', app, SwaggerModule.createDocument(app, new DocumentBuilder().build()));
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}
