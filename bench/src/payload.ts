import { randomBytes } from 'node:crypto';

/** Bytes of every message. */
export const PAYLOAD_BYTES = 256;

const PHASE_AT = 0;
const SEQ_AT = 4;
const STAMP_AT = 8;
const FILLINGS = 512;

const fillings = Array.from({ length: FILLINGS }, () => randomBytes(PAYLOAD_BYTES));

/** What a message is for: 0 finds out whether receivers hear, the others are warm-up and measurement. */
export type Phase = 0 | 1 | 2;

export const PHASES: readonly Phase[] = [0, 1, 2];

/** A message that cannot be compressed, with the time it counts from. */
export function makePayload(phase: Phase, seq: number, stampMs: number): Buffer {
  const payload = Buffer.allocUnsafe(PAYLOAD_BYTES);
  fillings[seq % FILLINGS]?.copy(payload);
  payload[PHASE_AT] = phase;
  payload.writeUInt32LE(seq, SEQ_AT);
  payload.writeDoubleLE(stampMs, STAMP_AT);
  return payload;
}

export function phaseOf(payload: Uint8Array): number {
  return payload[PHASE_AT] ?? 0;
}

/** Whether the message is one of every `stride`, a power of two up to 256. */
export function isSampled(payload: Uint8Array, stride: number): boolean {
  return ((payload[SEQ_AT] ?? 0) & (stride - 1)) === 0;
}

export function stampOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getFloat64(STAMP_AT, true);
}
