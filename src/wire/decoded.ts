/** The outcome of decoding remote bytes: a value, or why it was refused. Decoders return it, they never throw. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** A value that was read. */
export function decoded<T>(value: T): Decoded<T> {
  return { ok: true, value };
}

/** Why nothing was read. */
export function refused(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
