/** A payload as systems carry it that speak JSON. */
export function textOf(payload: Buffer): string {
  return payload.toString('base64');
}

/** The payload that `textOf` wrote. */
export function payloadOf(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
