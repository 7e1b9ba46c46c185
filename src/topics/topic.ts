/** Topic names and patterns: dot-separated tokens; in a pattern `*` stands for one token, a final `>` for one or more. */

/** A topic or pattern as UTF-8. */
export const TOPIC_BYTES_MAX = 255;
/** Tokens of a topic or pattern. */
export const TOPIC_LEVELS_MAX = 128;

/** What nearly all topics look like: at most 255 ASCII characters have at most 128 levels. */
const USUAL_TOPIC = /^[\w-]+(?:\.[\w-]+)*$/;

/** Why `topic` is no topic name, or undefined when it is one. */
export function topicProblem(topic: string): string | undefined {
  if (topic.length <= TOPIC_BYTES_MAX && USUAL_TOPIC.test(topic)) return undefined;
  return shapeProblem(topic) ?? topic.split('.').map(topicTokenProblem).find(isProblem);
}

/** Why `pattern` is neither a topic name nor a pattern, or undefined when it is one. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length <= TOPIC_BYTES_MAX && USUAL_TOPIC.test(pattern)) return undefined;
  const problem = shapeProblem(pattern);
  if (problem !== undefined) return problem;
  const tokens = pattern.split('.');
  return tokens
    .map((token, level) => {
      if (token === '*') return undefined;
      if (token === '>') return level === tokens.length - 1 ? undefined : '">" may only be the last token of a pattern';
      return topicTokenProblem(token);
    })
    .find(isProblem);
}

/** Whether it may match more than the topic of its own name. */
export function isPattern(topicOrPattern: string): boolean {
  return topicOrPattern.split('.').some((token) => token === '*' || token === '>');
}

function shapeProblem(text: string): string | undefined {
  if (text.length === 0) return 'a topic must not be empty';
  if (text.length > TOPIC_BYTES_MAX || Buffer.byteLength(text) > TOPIC_BYTES_MAX) {
    return `a topic may have at most ${TOPIC_BYTES_MAX} bytes of UTF-8`;
  }
  if (!text.isWellFormed()) return 'a topic must be well-formed Unicode';
  if (/[\p{Cc}\p{Z}]/u.test(text)) return 'a topic must not contain white space or control characters';
  if (text.split('.').length > TOPIC_LEVELS_MAX) return `a topic may have at most ${TOPIC_LEVELS_MAX} levels`;
  return undefined;
}

function topicTokenProblem(token: string): string | undefined {
  if (token.length === 0) return 'a topic must not have an empty token';
  if (token.includes('*') || token.includes('>')) return '"*" and ">" stand alone in a token, and only in a pattern';
  return undefined;
}

function isProblem(problem: string | undefined): problem is string {
  return problem !== undefined;
}
