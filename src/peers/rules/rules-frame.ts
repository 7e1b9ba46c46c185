import { ByteReader } from '../../wire/byte-reader.js';
import { ByteWriter } from '../../wire/byte-writer.js';
import { decoded, refused, type Decoded } from '../../wire/decoded.js';

/** Digests of the rules that a node goes by: which nodes may do what with topics, and who is admitted by key. */
export interface Rules {
  readonly topicPolicy: string;
  readonly allowList: string;
}

const DIGEST_BYTES = 8;
/** The only frame of its channel so far. */
const TYPE = 0;

export function encodeRules(rules: Rules): Buffer {
  const writer = new ByteWriter(1 + 2 * DIGEST_BYTES).u8(TYPE);
  return writer
    .raw(Buffer.from(rules.topicPolicy, 'base64url'))
    .raw(Buffer.from(rules.allowList, 'base64url'))
    .finish();
}

/** Reads what a peer says of its rules. */
export function decodeRules(bytes: Uint8Array): Decoded<Rules> {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== TYPE) return refused('rules-type');
  const [topicPolicy, allowList] = [readDigest(reader), readDigest(reader)];
  return reader.isComplete ? decoded({ topicPolicy, allowList }) : refused('rules-rules');
}

function readDigest(reader: ByteReader): string {
  return reader.raw(DIGEST_BYTES).toString('base64url');
}
