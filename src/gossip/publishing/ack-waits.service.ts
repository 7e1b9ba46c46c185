import { Injectable } from '@nestjs/common';
import { GrapevineError } from '../../runtime/errors.js';
import type { Confirmation } from '../dissemination/acknowledgements.js';
import { Deadlines, type Deadline } from '../../runtime/deadlines.service.js';
import { GossipDriver } from '../delivery/gossip-driver.service.js';
import type { AckLevel } from '../bundles/message.js';
import { receiptOf, type Placed, type Receipt } from './receipt.js';

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

  /** The receipt of a message, once it is confirmed at the level asked for; GrapevineError `ack-timeout` with the receipt when it takes too long. */
  wait(placed: Placed, level: Exclude<AckLevel, 'local'>, timeoutMs: number): Promise<Receipt> {
    const { stream, seq } = placed;
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const receipt = ({ confirmed, of }: Confirmation): Receipt => receiptOf(placed, { level, confirmed, of });
      const deadline = this.deadlines.set(timeoutMs, () => {
        this.#waits.delete(id);
        this.driver.handle({ type: 'abandon', id });
        reject(timedOut(receipt(this.driver.confirmationOf(stream.id, seq)), timeoutMs));
      });
      this.#waits.set(id, { deadline, resolve: (confirmation) => resolve(receipt(confirmation)) });
      this.driver.handle({ type: 'await', id, stream: stream.id, seq, level });
    });
  }

  reached(id: number, confirmation: Confirmation): void {
    const wait = this.#waits.get(id);
    if (wait === undefined) return;
    this.#waits.delete(id);
    wait.deadline.cancel();
    wait.resolve(confirmation);
  }
}

function timedOut(receipt: Receipt, timeoutMs: number): GrapevineError {
  const { level, confirmed, of } = receipt.ack;
  const wanted = level === 'all' ? of : level;
  const detail = `${wanted} logs were asked for, ${confirmed} of the ${of} nodes concerned confirmed within ${timeoutMs} ms; the message is published all the same`;
  return new GrapevineError('ack-timeout', detail, { extra: { ...receipt } });
}
