import { Test } from '@nestjs/testing';
import { expect, it } from 'vitest';
import { ConfigModule } from '../../../src/config/config.module.js';
import { Settings } from '../../../src/config/settings.js';
import { CryptoModule } from '../../../src/crypto/crypto.module.js';
import { HandshakesService } from '../../../src/crypto/handshakes.service.js';
import { IdentityService } from '../../../src/crypto/identity.service.js';
import { RecordsService } from '../../../src/crypto/records.service.js';
import { shakeHands } from './handshake-fixture.js';
import { recordFields, SECRET } from './node-fixture.js';

it('a node wired by Nest believes its own record and completes a handshake with it', async () => {
  const settings = Object.assign(new Settings(), { clusterSecret: SECRET, logLevel: 'silent' });
  const module = await Test.createTestingModule({ imports: [ConfigModule.forRoot(settings), CryptoModule] }).compile();
  await module.init();
  const [identity, records, handshakes] = [IdentityService, RecordsService, HandshakesService].map((service) =>
    module.get<unknown>(service),
  ) as [IdentityService, RecordsService, HandshakesService];
  const jws = await identity.signRecord(recordFields());
  expect(await records.verify(jws)).toMatchObject({ ok: true, value: { id: identity.id } });
  const { initiator, responder } = await shakeHands(
    handshakes.create('initiator', jws),
    handshakes.create('responder', jws),
  );
  expect([initiator.done?.record.id, responder.done?.record.id]).toEqual([identity.id, identity.id]);
  await module.close();
});
