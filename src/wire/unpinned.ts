/** Buffers up to this size may be held for the sake of a part of them. */
const SLACK_BYTES = 4_096;

/** The bytes themselves, or a copy when keeping the view would keep a buffer of more than twice its size. */
export function unpinned(view: Buffer): Buffer {
  return view.buffer.byteLength > 2 * view.length + SLACK_BYTES ? Buffer.from(view) : view;
}
