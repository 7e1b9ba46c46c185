import { randomBytes } from 'node:crypto';

const MARK = Buffer.from('!at=');
const STAMP_DIGITS = 20;
const MESSAGE_CHARACTERS = 256;

/** A text of 256 characters that cannot be compressed, with the time it counts from. */
export function burstMessage(stampMs: number): string {
  const stamp = `${MARK.toString()}${stampMs.toFixed(3).padStart(STAMP_DIGITS, '0')}`;
  return (
    stamp +
    randomBytes(MESSAGE_CHARACTERS)
      .toString('base64')
      .slice(0, MESSAGE_CHARACTERS - stamp.length)
  );
}

/** How many messages a frame holds; one that holds none is the protocol's own. */
export function messagesIn(frame: Buffer): number {
  let count = 0;
  for (let at = frame.indexOf(MARK); at >= 0; at = frame.indexOf(MARK, at + MESSAGE_CHARACTERS)) count++;
  return count;
}

/** When the first message of a frame was published. */
export function firstStamp(frame: Buffer): number {
  const from = frame.indexOf(MARK) + MARK.length;
  return Number(frame.toString('latin1', from, from + STAMP_DIGITS));
}
