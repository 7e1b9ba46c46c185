/** How deep a value of a client may be nested. */
export const JSON_DEPTH_MAX = 64;

/** The same for the text around it: an event is a list, in it a batch, in it an object that holds the message. */
export const JSON_TEXT_DEPTH_MAX = JSON_DEPTH_MAX + 3;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Whether a text that may be JSON is nested deeper than `depthMax`. To be asked before it is parsed: a parser makes an object
 * for each bracket, whether or not it is closed.
 */
export function isNestedDeeper(text: string, depthMax: number): boolean {
  if (text.length <= depthMax) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      // `[`, `{` and `]`, `}` differ in that one bit from each other.
    } else if ((code | 0x20) === 0x7b) {
      if (++depth > depthMax) return true;
    } else if ((code | 0x20) === 0x7d) {
      depth--;
    }
  }
  return false;
}

/** Where the quote is that ends the string that begins at `from`; the end of the text when there is none. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}
