import { Injectable } from '@nestjs/common';
import { GrapevineError } from '../../runtime/errors.js';
import type { Confirmation } from '../dissemination/acknowledgements.js';
import { Deadlines, type Deadline } from '../../runtime/deadlines.service.js';
import { GossipDriver } from '../delivery/gossip-driver.service.js';
import type { Receipt } from '../bundles/message.js';
import type { PublishOptions } from './publish.js';

type Ack = Receipt['ack'];

interface AckWait {
  readonly deadline: Deadline;
  readonly resolve: (confirmation: Confirmation) => void;
}

/** Publishers that wait until their message is in enough logs. */
@Injectable()
export class AckWaits {
  readonly #waits = new Map<number, AckWait>();
  #lastId = 0;

  constructor(
    private readonly driver: GossipDriver,
    private readonly deadlines: Deadlines,
  ) {}

  /** How far a message is confirmed, once it is so at the level asked for; GrapevineError `ack-timeout` with the receipt when it takes too long. */
  async wait(receipt: Omit<Receipt, 'ack'>, { ack: level, timeoutMs }: PublishOptions): Promise<Ack> {
    const { stream, seq } = receipt;
    if (level === 'local' || level === 1) return { level, ...this.driver.confirmationOf(stream.id, seq) };
    const confirmation = await new Promise<Confirmation>((resolve, reject) => {
      const id = ++this.#lastId;
      const deadline = this.deadlines.set(timeoutMs, () => {
        this.#waits.delete(id);
        this.driver.handle({ type: 'abandon', id });
        reject(timedOut({ ...receipt, ack: { level, ...this.driver.confirmationOf(stream.id, seq) } }, timeoutMs));
      });
      this.#waits.set(id, { deadline, resolve });
      this.driver.handle({ type: 'await', id, stream: stream.id, seq, level });
    });
    return { level, ...confirmation };
  }

  reached(id: number, { confirmed, of }: Confirmation): void {
    const wait = this.#waits.get(id);
    if (wait === undefined) return;
    this.#waits.delete(id);
    wait.deadline.cancel();
    wait.resolve({ confirmed, of });
  }
}

function timedOut(receipt: Receipt, timeoutMs: number): GrapevineError {
  const { level, confirmed, of } = receipt.ack;
  const wanted = level === 'all' ? of : level;
  const detail = `${wanted} logs were asked for, ${confirmed} of the ${of} nodes concerned confirmed within ${timeoutMs} ms; the message is published all the same`;
  return new GrapevineError('ack-timeout', detail, { extra: { ...receipt } });
}
