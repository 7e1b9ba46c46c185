import { describe, expect, it } from 'vitest';
import type { Gap, Message } from '../../../src/gossip/bundles/message.js';
import { GrapevineError } from '../../../src/runtime/errors.js';
import { decodeCursor } from '../../../src/subscriptions/cursor.js';
import { Feed } from '../../../src/subscriptions/feed.js';
import { OpenSubscriber, PATTERNS_OF_A_CLIENT_MAX } from '../../../src/subscriptions/open-subscriber.js';
import { Subscriber } from '../../../src/subscriptions/subscriber.js';
import { finish, testStream, WrittenLog } from './written-log.js';

const NOW_MS = 5_000;
const [eu, us] = [testStream('news.eu'), testStream('news.us')];

/** A client of a node without peers; the test says when it reads and when history has come. */
class Client {
  readonly log = new WrittenLog();
  readonly got: string[] = [];
  readonly cursors: string[] = [];
  readonly wanted: string[] = [];
  readonly learned: string[] = [];
  readonly client: OpenSubscriber;
  hasRoom = true;
  isCut = false;
  isDraining = false;
  history: Promise<void> = Promise.resolve();
  readonly #subscriber: Subscriber;

  constructor(messagesMax = 100) {
    const feed = new Feed(this.log, { messagesMax, bytesMax: 1_000, whenFull: 'cut', isUnwanted: () => false });
    this.#subscriber = new Subscriber(feed, this, () => undefined);
    this.client = new OpenSubscriber(this.#subscriber, {
      assertOpen: () => {
        if (this.isDraining) throw new GrapevineError('draining', 'test');
      },
      want: (pattern, { from }) => this.wanted.push(`${pattern} from ${from}`) > 0,
      unwant: (pattern) => this.wanted.push(`not ${pattern}`),
      pullHistory: () => this.history,
      learnRepeats: (pattern, timeoutMs) => {
        this.learned.push(`${pattern} in ${timeoutMs}`);
        return Promise.resolve();
      },
      start: (subscriber, pattern, point) => Promise.resolve(finish(subscriber.start(pattern, point, NOW_MS))),
      stop: (subscriber, pattern) => subscriber.stop(pattern),
      closed: () => this.wanted.push('closed'),
    });
  }

  deliver(messages: readonly Message[]): boolean {
    for (const message of messages) {
      this.got.push(`${message.stream.topic} ${message.seq}`);
      this.cursors.push(this.client.cursorAfter(message));
    }
    return this.hasRoom;
  }

  gap({ from, to }: Gap): void {
    this.got.push(`gap ${from}-${to}`);
  }

  cut(): void {
    this.isCut = true;
  }

  publish(stream = eu): void {
    this.#subscriber.offer([this.log.write(stream)], 1);
  }

  flush(): string[] {
    while (this.#subscriber.flush());
    return this.got.splice(0);
  }
}

describe('a client', () => {
  it('gets each message once, however many of its patterns match', async () => {
    const node = new Client();
    for (const pattern of ['news.eu', 'news.*', '>']) await node.client.subscribe(pattern);
    node.publish();
    expect(node.flush()).toEqual(['news.eu 1']);
    expect(node.client.patterns).toEqual(['news.eu', 'news.*', '>']);
  });

  it('gives the node the interest of each pattern once, and takes it back', async () => {
    const node = new Client();
    await node.client.subscribe('news.*');
    await node.client.subscribe('news.*');
    expect(node.client.unsubscribe('news.*')).toBe(true);
    expect(node.client.unsubscribe('news.*')).toBe(false);
    expect(node.wanted).toEqual(['news.* from now', 'not news.*']);
  });

  it('asks for history that it wants later by replacing its interest', async () => {
    const node = new Client();
    await node.client.subscribe('news.*');
    await node.client.subscribe('news.*', { after: 'retained' });
    expect(node.wanted).toEqual(['news.* from now', 'news.* from retained', 'not news.*']);
  });

  it('gets nothing of a topic it left, but of those that stay', async () => {
    const node = new Client();
    await node.client.subscribe('news.eu');
    await node.client.subscribe('news.us');
    node.publish(eu);
    node.publish(us);
    node.client.unsubscribe('news.eu');
    expect(node.flush()).toEqual(['news.us 1']);
  });

  it('is told a cursor per pattern, from which another node goes on', async () => {
    const node = new Client();
    node.log.write(eu);
    node.log.write(us);
    await node.client.subscribe('news.us');
    const { cursor, recovered } = await node.client.subscribe('news.eu');
    expect(recovered).toBe(true);
    expect(decodeCursor(cursor)).toEqual({ ok: true, value: { sinceMs: NOW_MS, streams: new Map([[eu.id, 1]]) } });
  });

  it('is told with every message where it stands then', async () => {
    const node = new Client();
    await node.client.subscribe('news.eu');
    node.publish();
    node.publish();
    node.flush();
    const seqs = node.cursors.map((cursor) => {
      const read = decodeCursor(cursor);
      return read.ok && read.value.streams.get(eu.id);
    });
    expect(seqs).toEqual([1, 2]);
  });

  it('gets history before what came while the history was on its way', async () => {
    const node = new Client();
    node.log.write(eu);
    let arrived = (): void => undefined;
    node.history = new Promise((resolve) => (arrived = resolve));
    const subscribing = node.client.subscribe('news.eu', { after: 'retained' });
    node.log.write(eu);
    arrived();
    await subscribing;
    node.publish();
    expect(node.flush()).toEqual(['news.eu 1', 'news.eu 2', 'news.eu 3']);
  });

  it('is refused when it left or closed while history was on its way', async () => {
    const node = new Client();
    const subscribing = node.client.subscribe('news.eu', { after: 'retained' });
    node.client.unsubscribe('news.eu');
    await expect(subscribing).rejects.toMatchObject({ code: 'invalid-request' });
    expect(node.wanted).toEqual(['news.eu from retained', 'not news.eu']);
  });

  it('has its node learn of repeats as long as it waits, and not once it closed', async () => {
    const node = new Client();
    const { cursor: after } = await node.client.subscribe('news.eu');
    await node.client.subscribe('news.eu', { after });
    expect(node.learned).toEqual(['news.eu in 1000']);
    const subscribing = node.client.subscribe('news.eu', { after });
    node.client.close();
    await expect(subscribing).rejects.toMatchObject({ code: 'invalid-request' });
    expect(node.learned).toHaveLength(1);
  });

  it('is refused as draining when the node began to drain meanwhile', async () => {
    const node = new Client();
    const subscribing = node.client.subscribe('news.eu', { after: 'retained' });
    node.isDraining = true;
    await expect(subscribing).rejects.toMatchObject({ code: 'draining' });
  });

  it('pauses while its sink has no room and goes on when it has', async () => {
    const node = new Client();
    await node.client.subscribe('news.eu');
    node.hasRoom = false;
    node.publish();
    expect(node.flush()).toEqual(['news.eu 1']);
    node.publish();
    expect(node.flush()).toEqual([]);
    node.client.more();
    expect(node.flush()).toEqual(['news.eu 2']);
  });

  it('is cut when it reads too slowly, and gets nothing more', async () => {
    const node = new Client(2);
    await node.client.subscribe('news.eu');
    for (let count = 0; count < 3; count++) node.publish();
    expect(node.isCut).toBe(true);
    expect(node.flush()).toEqual([]);
  });

  it('gets nothing once closed', async () => {
    const node = new Client();
    await node.client.subscribe('news.eu');
    node.publish();
    node.client.close();
    expect(node.flush()).toEqual([]);
    expect(node.wanted).toEqual(['news.eu from now', 'not news.eu', 'closed']);
  });

  it('is refused what is no pattern, no cursor, too many, or too late', async () => {
    const node = new Client();
    await expect(node.client.subscribe('a..b')).rejects.toMatchObject({ code: 'invalid-pattern' });
    await expect(node.client.subscribe('a', { after: '?' })).rejects.toMatchObject({ code: 'invalid-cursor' });
    for (let count = 0; count < PATTERNS_OF_A_CLIENT_MAX; count++) await node.client.subscribe(`topic.${count}`);
    await expect(node.client.subscribe('a')).rejects.toMatchObject({ code: 'too-many-subscriptions' });
    node.isDraining = true;
    await expect(node.client.subscribe('topic.1')).rejects.toMatchObject({ code: 'draining' });
  });
});
