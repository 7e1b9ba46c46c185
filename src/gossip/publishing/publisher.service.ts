import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { BUNDLE_SEAL_BYTES, sealBundle, signBundle } from '../../crypto/bundle-seal.js';
import { IdentityService } from '../../crypto/identity.service.js';
import type { SealingTurn } from '../../crypto/topic-keys.js';
import { PeersService } from '../../peers/peers.service.js';
import { GrapevineError } from '../../runtime/errors.js';
import { FairTurns } from '../../runtime/fair-turns.service.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { AckWaits } from './ack-waits.service.js';
import { ContentWriter, decodeContent } from '../bundles/bundle-content.js';
import { BundleCutter } from './bundle-cutter.js';
import { BundleLog } from '../log/bundle-log.service.js';
import { BUNDLE_MESSAGES_MAX, clusterTagOf, encodeHeader, joinBundle, type Bundle } from '../bundles/bundle.js';
import { Deadlines, type Deadline } from '../../runtime/deadlines.service.js';
import { DeliveryService } from '../delivery/delivery.service.js';
import { GossipDriver } from '../delivery/gossip-driver.service.js';
import type { PublishInput, PublishOptions } from './publish.js';
import { receiptOf, type Receipt } from './receipt.js';
import { PublishRoom } from './publish-room.service.js';
import { PublishersService } from '../keys/publishers.service.js';
import { OWN_STREAMS_MAX, OwnStreams } from './own-streams.js';
import { streamOf, type Stream, type StreamId } from '../bundles/stream.js';
import { TopicKeysService } from '../keys/topic-keys.service.js';

/** Room for a little more than the bundle before had. */
const LAST_BYTES_MARGIN = 1_024;

/** Whoever waits longer for the own log is refused; what is being written then may be kept all the same. */
const LOG_TIMEOUT_MS = 10_000;

/** A message between `publish` and its receipt. */
interface Publication {
  /** Of its payload, which is copied by now: thousands of messages may wait, and none of their payloads with them. */
  readonly bytes: number;
  readonly options: PublishOptions;
  readonly publishedAtMs: number;
  readonly resolve: (receipt: Receipt | Promise<Receipt>) => void;
  readonly reject: (error: unknown) => void;
}

interface OpenBundle {
  readonly content: ContentWriter;
  readonly publications: Publication[];
}

interface OwnStream {
  readonly stream: Stream;
  readonly cutter: BundleCutter;
  /** Bundles to be cut, in order; only the last is still being filled. */
  readonly open: OpenBundle[];
  nextSeq: number;
  /** Bytes of the bundle before: the next one is likely to be about as long. */
  lastBytes: number;
  isCommitting: boolean;
  isWakeUpSet: boolean;
  isTurnAwaited: boolean;
}

/** Own streams: gathers what is published into bundles, seals, signs and logs them, and only then lets gossip have them. */
@Injectable()
export class PublisherService {
  readonly #own = new OwnStreams<OwnStream>();
  readonly #clusterTag: Buffer;

  constructor(
    private readonly settings: Settings,
    private readonly identity: IdentityService,
    private readonly keys: TopicKeysService,
    private readonly publishers: PublishersService,
    private readonly peers: PeersService,
    private readonly log: BundleLog,
    private readonly delivery: DeliveryService,
    private readonly driver: GossipDriver,
    private readonly room: PublishRoom,
    private readonly acks: AckWaits,
    private readonly deadlines: Deadlines,
    private readonly turns: FairTurns,
    private readonly clock: SystemClock,
  ) {
    this.#clusterTag = clusterTagOf(settings.clusterName);
    driver.attach({
      arrived: (stream, seq) => this.#arrived(stream, seq),
      reached: (id, confirmation) => acks.reached(id, confirmation),
      roomChanged: (hasRoom) => room.changed(hasRoom),
    });
  }

  /** Whether a message is on its way to its receipt. */
  get isPublishing(): boolean {
    return !this.room.isUnused;
  }

  /** Resolves when the message is in as many logs as asked for. GrapevineError as the contract of the API lists them. */
  publish(input: PublishInput, options: PublishOptions): Promise<Receipt> {
    const bytes = input.payload.length;
    const { messageBytes } = this.settings;
    if (bytes > messageBytes) {
      return Promise.reject(new GrapevineError('too-large', `a message may have at most ${messageBytes} bytes`));
    }
    return new Promise((resolve, reject) => {
      const admitted = (): void => {
        this.#append(input, { bytes, options, publishedAtMs: this.clock.wallMs(), resolve, reject });
      };
      if (this.room.take(bytes)) admitted();
      else this.room.wait(bytes, options, { admitted, refused: reject });
    });
  }

  #append(input: PublishInput, publication: Publication): void {
    const { bytes, publishedAtMs } = publication;
    let own: OwnStream;
    try {
      const { refusal } = this.log.storeState;
      if (refusal !== undefined) throw refusal;
      own = this.#ownStream(input.topic);
    } catch (error) {
      return this.#refuse([publication], error);
    }
    let last = own.open.at(-1);
    if (last === undefined || isFull(own.cutter, last.content, bytes)) {
      last = { content: new ContentWriter(publishedAtMs, own.lastBytes), publications: [] };
      own.open.push(last);
    }
    last.content.append(input, publishedAtMs);
    last.publications.push(publication);
    this.#pump(own);
  }

  #pump(own: OwnStream): void {
    const { cutter } = own;
    const [next] = own.open;
    if (next === undefined || own.isCommitting) return;
    const isFull = own.open.length > 1 || cutter.isFull(next.content);
    // What is awaited comes back here; a burst must not read the clock for each of its messages.
    if (!isFull && (own.isTurnAwaited || (own.isWakeUpSet && !cutter.isGathering))) return;
    const nowMs = this.clock.monotonicMs();
    if (isFull || cutter.isDue(next.content, nowMs)) {
      own.isCommitting = true;
      own.open.shift();
      void this.#commit(own, next);
    } else if (cutter.isGathering) {
      this.#pumpNextTurn(own, next);
    } else {
      own.isWakeUpSet = true;
      this.deadlines.set(cutter.awaitedUntilMs - nowMs, () => {
        own.isWakeUpSet = false;
        this.#pump(own);
      });
    }
  }

  #pumpNextTurn(own: OwnStream, next: OpenBundle): void {
    if (own.isTurnAwaited) return;
    own.isTurnAwaited = true;
    const { count } = next.content;
    setImmediate(() => {
      own.isTurnAwaited = false;
      if (own.open[0] === next) own.cutter.turned(count);
      this.#pump(own);
    });
  }

  /** One bundle of a stream at a time, so that the numbers of one that fails can be given again. */
  async #commit(own: OwnStream, { content, publications }: OpenBundle): Promise<void> {
    const limit = this.#limitWait(own, publications);
    try {
      const plaintext = content.finish();
      const turn = await this.keys.sealingTurn(own.stream.topic);
      while (this.turns.isOver()) await nextTurn();
      const bundle = this.#seal(own, content, plaintext, turn);
      const { arrival, committed } = this.log.appendOwn(bundle);
      // A write that failed may have reached the log all the same: its numbers are used then, and others must get it.
      await committed.catch((error: unknown) => {
        if ((this.log.extent(own.stream.id)?.frontier ?? 0) < bundle.lastSeq) throw error;
      });
      own.nextSeq = bundle.lastSeq + 1;
      own.lastBytes = plaintext.length + LAST_BYTES_MARGIN;
      this.#own.put(own);
      own.cutter.cut(bundle.lastSeq, content.count, this.clock.monotonicMs());
      this.driver.handle({ type: 'published', bundle });
      if (this.delivery.isWanted(own.stream.topic)) this.#deliver(bundle, plaintext, arrival);
      await committed;
      this.#settle(bundle, publications);
    } catch (error) {
      this.#refuse(publications, error);
    } finally {
      limit.cancel();
      own.isCommitting = false;
      this.#pump(own);
    }
  }

  /** As long as a bundle of the stream is not in the log, nobody waits longer than this behind it. */
  #limitWait(own: OwnStream, publications: Publication[]): Deadline {
    let deadline: Deadline;
    const set = (): void => {
      deadline = this.deadlines.set(LOG_TIMEOUT_MS, () => {
        const detail = 'the store has not answered in time; the message may be kept all the same';
        const waiting = [publications, ...own.open.splice(0).map((open) => open.publications)];
        for (const each of waiting) this.#refuse(each.splice(0), new GrapevineError('store-failing', detail));
        set();
      });
    };
    set();
    return { cancel: () => deadline.cancel() };
  }

  /** Receipts for all messages of a bundle that is in the log; whoever wants more logs waits on, and keeps its room. */
  #settle({ stream, firstSeq, lastSeq }: Bundle, publications: readonly Publication[]): void {
    const { confirmed, of } = this.driver.confirmationOf(stream.id, lastSeq);
    const publisherName = this.settings.name;
    const local = { level: 'local', confirmed, of } as const;
    let settled = 0;
    let settledBytes = 0;
    publications.forEach(({ bytes, options: { ack, timeoutMs }, publishedAtMs, resolve }, index) => {
      const placed = { stream, seq: firstSeq + index, publisherName, publishedAtMs };
      if (ack === 'local' || ack === 1) {
        resolve(receiptOf(placed, ack === 'local' ? local : { level: ack, confirmed, of }));
        settled++;
        settledBytes += bytes;
      } else {
        resolve(this.acks.wait(placed, ack, timeoutMs).finally(() => this.room.release(1, bytes)));
      }
    });
    this.room.release(settled, settledBytes);
  }

  #refuse(publications: readonly Publication[], error: unknown): void {
    for (const { reject } of publications) reject(error);
    this.room.release(
      publications.length,
      publications.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }

  #seal(own: OwnStream, content: ContentWriter, plaintext: Buffer, turn: SealingTurn): Bundle {
    const { keyId, key, counter } = turn;
    const { timeMs, ttlMs, count } = content;
    const firstSeq = own.nextSeq;
    const fields = { stream: own.stream, firstSeq, lastSeq: firstSeq + count - 1, keyId, counter, timeMs, ttlMs };
    const header = encodeHeader(fields, this.#clusterTag, plaintext.length + BUNDLE_SEAL_BYTES);
    const ciphertext = sealBundle({ header, key, counter, plaintext });
    const signature = signBundle(header, ciphertext, (bytes) => this.identity.sign(bytes));
    return joinBundle(fields, { header, ciphertext, signature });
  }

  #deliver(bundle: Bundle, plaintext: Buffer, arrival: number): void {
    const content = decodeContent(plaintext, bundle, this.settings.name);
    if (content.ok) this.delivery.published(content.value, arrival);
  }

  #arrived(stream: StreamId, seq: number): void {
    const own = this.#own.byId(stream);
    if (own === undefined) return;
    own.cutter.arrived(seq);
    this.#pump(own);
  }

  #ownStream(topic: string): OwnStream {
    const known = this.#own.get(topic);
    if (known !== undefined) return known;
    if (this.#own.isFull && !this.#reclaim()) {
      throw new GrapevineError('too-many-topics', `a node retains messages of its own of ${OWN_STREAMS_MAX} topics`);
    }
    const stream = streamOf(topic, this.peers.self, this.peers.epoch);
    this.publishers.keep(this.peers.self);
    const own: OwnStream = {
      stream,
      cutter: new BundleCutter(),
      open: [],
      nextSeq: Math.max(this.#own.lastSeqOf(stream.id), this.log.extent(stream.id)?.frontier ?? 0) + 1,
      lastBytes: LAST_BYTES_MARGIN,
      isCommitting: false,
      isWakeUpSet: false,
      isTurnAwaited: false,
    };
    this.#own.put(own);
    return own;
  }

  /** False when something is retained of all own streams that were not used for long. */
  #reclaim(): boolean {
    const reclaimed = this.#own.reclaim(
      (own) =>
        own.open.length === 0 &&
        !own.isCommitting &&
        !own.isWakeUpSet &&
        !own.isTurnAwaited &&
        this.log.isEmpty(own.stream.id),
      (own) => own.nextSeq - 1,
    );
    if (reclaimed !== undefined) this.driver.handle({ type: 'retired', stream: reclaimed.stream.id });
    return reclaimed !== undefined;
  }
}

function isFull(cutter: BundleCutter, open: ContentWriter, bytes: number): boolean {
  return open.count >= BUNDLE_MESSAGES_MAX || cutter.isTooFullFor(bytes, open);
}
