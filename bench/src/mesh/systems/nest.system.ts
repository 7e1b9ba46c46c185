import { Controller, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  EventPattern,
  Payload,
  Transport,
  type MicroserviceOptions,
  type NatsOptions,
  type RedisOptions,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { InFlight } from '../../in-flight.js';
import type { MeshSystem } from '../mesh-system.js';
import { payloadOf, textOf } from './text-payload.js';

const EVENT = 'bench';
const IN_FLIGHT_MAX = 1_024;

/** Nest's events over Redis, as its microservices send and take them. */
export const nestRedis = nestSystem((url) => {
  const { hostname, port } = new URL(url);
  return { transport: Transport.REDIS, options: { host: hostname, port: Number(port) } };
});

/** Nest's events over NATS. */
export const nestNats = nestSystem((url) => ({ transport: Transport.NATS, options: { servers: [url] } }));

function nestSystem(optionsFor: (url: string) => RedisOptions | NatsOptions): MeshSystem {
  return {
    async startNode({ index, servers, receive }) {
      const options = optionsFor(servers[index % servers.length] ?? '');
      const module = moduleThat((text) => receive(payloadOf(text)));
      const app = await NestFactory.createMicroservice<MicroserviceOptions>(module, { ...options, logger: false });
      await app.listen();
      const client = ClientProxyFactory.create(options);
      await client.connect();
      const inFlight = new InFlight(IN_FLIGHT_MAX);
      const publish = (payload: Buffer): void | Promise<void> =>
        inFlight.add(firstValueFrom(client.emit(EVENT, textOf(payload)), { defaultValue: undefined }));
      return { address: '', publish };
    },
  };
}

function moduleThat(take: (text: string) => void): Type {
  @Controller()
  class BenchController {
    @EventPattern(EVENT)
    taken(@Payload() text: string): void {
      take(text);
    }
  }

  @Module({ controllers: [BenchController] })
  class BenchModule {}

  return BenchModule;
}
