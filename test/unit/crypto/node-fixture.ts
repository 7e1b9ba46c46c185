import { randomBytes } from 'node:crypto';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Settings } from '../../../src/config/settings.js';
import { AllowList } from '../../../src/crypto/allow-list.service.js';
import { HandshakesService } from '../../../src/crypto/handshakes.service.js';
import { IdentityService, type OwnRecordFields } from '../../../src/crypto/identity.service.js';
import { RecordsService } from '../../../src/crypto/records.service.js';
import { Alarms } from '../../../src/runtime/alarms.service.js';
import { DataFolder } from '../../../src/runtime/data-folder.service.js';
import { NodeLogger } from '../../../src/runtime/node-logger.service.js';
import { SystemClock } from '../../../src/runtime/system-clock.service.js';

export const SECRET = 'a secret of more than thirty-two characters';
export const OTHER_SECRET = 'another secret of more than thirty-two chars';

/** The crypto services of one node, in memory. */
export interface TestNode {
  readonly identity: IdentityService;
  readonly allowList: AllowList;
  readonly records: RecordsService;
  readonly handshakes: HandshakesService;
  readonly jws: string;
}

export async function createNode(
  overrides: Partial<Settings> = {},
  folder: DataFolder = new DataFolder(undefined),
): Promise<TestNode> {
  const settings = Object.assign(new Settings(), { name: 'A', ...overrides });
  const identity = new IdentityService(settings, folder);
  await identity.onModuleInit();
  const allowList = allowListOf(settings);
  await allowList.onModuleInit();
  const records = new RecordsService(settings, identity, allowList);
  const handshakes = new HandshakesService(settings, identity, records);
  const jws = await identity.signRecord(recordFields({ name: settings.name }));
  return { identity, allowList, records, handshakes, jws };
}

export function allowListOf(
  settings: Settings,
  logger = new NodeLogger({ node: settings.name, level: 'silent', format: 'json' }),
): AllowList {
  const clock = new SystemClock();
  return new AllowList(settings, logger, new Alarms(new SchedulerRegistry(), clock), clock);
}

export function recordFields(overrides: Partial<OwnRecordFields> = {}): OwnRecordFields {
  return { name: 'A', url: 'http://127.0.0.1:8000', epoch: 1_000, incarnation: 0, status: 'alive', ...overrides };
}

/** A copy with one bit flipped. */
export function flipped(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

export const key32 = (): Buffer => randomBytes(32);

export const encodeJson = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
