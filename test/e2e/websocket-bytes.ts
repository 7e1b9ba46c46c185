const MASKED = 0x80;
const LENGTH_16_BITS = 126;
const LENGTH_64_BITS = 127;
const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * What one side of a connection said: the head of its upgrade and the payloads of its WebSocket frames. A client's frames are
 * masked (RFC 6455, 5.3), so that nothing can be found in them as they are; here they are not.
 */
export function unmasked(said: Buffer): Buffer {
  const headEnd = said.indexOf(HEAD_END) + HEAD_END.length;
  const parts = [said.subarray(0, headEnd)];
  for (let at = headEnd; at + 2 <= said.length;) {
    const isMasked = (said[at + 1]! & MASKED) !== 0;
    const { start, length } = extentAt(said, at);
    const payload = Buffer.from(said.subarray(start + (isMasked ? 4 : 0), start + (isMasked ? 4 : 0) + length));
    if (isMasked) payload.forEach((byte, index) => (payload[index] = byte ^ said[start + (index % 4)]!));
    parts.push(payload);
    at = start + (isMasked ? 4 : 0) + length;
  }
  return Buffer.concat(parts);
}

/** Where a frame's mask or payload starts, and the length of its payload. */
function extentAt(said: Buffer, at: number): { start: number; length: number } {
  const length = said[at + 1]! & ~MASKED;
  if (length === LENGTH_16_BITS) return { start: at + 4, length: said.readUInt16BE(at + 2) };
  if (length === LENGTH_64_BITS) return { start: at + 10, length: Number(said.readBigUInt64BE(at + 2)) };
  return { start: at + 2, length };
}
