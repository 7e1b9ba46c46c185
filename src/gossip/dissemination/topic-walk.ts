/** Pairs of a topic and a link that are looked at before others have their turn, and the pause for them. */
export const WALKED_PAIRS_MAX = 4_096;
export const WALK_PAUSE_MS = 1;
const WALKED_TOPICS_MIN = 64;

/** Goes through many topics a slice at a time. */
export class TopicWalk {
  #topics: Iterator<string> | undefined;

  /** There is more to go through. */
  get isUnderWay(): boolean {
    return this.#topics !== undefined;
  }

  begin(topics: Iterable<string>): void {
    this.#topics = topics[Symbol.iterator]();
  }

  /** The next topics, as many as may be looked at for so many links. */
  slice(links: number): readonly string[] {
    const size = Math.max(WALKED_TOPICS_MIN, Math.floor(WALKED_PAIRS_MAX / (links + 1)));
    const topics: string[] = [];
    while (this.#topics !== undefined && topics.length < size) {
      const next = this.#topics.next();
      if (next.done === true) this.#topics = undefined;
      else topics.push(next.value);
    }
    return topics;
  }
}
