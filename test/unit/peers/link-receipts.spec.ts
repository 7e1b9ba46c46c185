import { describe, expect, it } from 'vitest';
import { encodeRecord } from '../../../src/peers/links/link-queue.js';
import {
  IN_FLIGHT_BYTES_MAX,
  isReceipt,
  LinkReceipts,
  RECEIPT_BYTES,
  STUCK_MS,
  UNREAD_MS,
} from '../../../src/peers/links/link-receipts.js';

describe('the receipts of a link', () => {
  it('keep what is on its way within a bound, until the other end says what it has', () => {
    const [here, there] = [new LinkReceipts(), new LinkReceipts()];
    here.sent(IN_FLIGHT_BYTES_MAX - 1, 0);
    expect(here.isFull).toBe(false);
    here.sent(1, 0);
    expect(here.isFull).toBe(true);
    there.received(RECEIPT_BYTES);
    expect(here.acknowledged(there.takeReceipt()!, 1)).toBe(true);
    expect(here.isFull).toBe(false);
  });

  it('are due at once for much, and otherwise when asked for, once', () => {
    const receipts = new LinkReceipts();
    expect(receipts.received(RECEIPT_BYTES - 1)).toBe(false);
    expect(receipts.received(1)).toBe(true);
    const receipt = receipts.takeReceipt()!;
    expect(isReceipt(receipt)).toBe(true);
    expect(isReceipt(encodeRecord([[Buffer.alloc(100)]]))).toBe(false);
    expect(receipts.takeReceipt()).toBeUndefined();
    expect(receipts.received(1)).toBe(false);
    expect(receipts.takeReceipt()).toBeDefined();
  });

  it('show a link that is stuck, and none that only has nothing to do or gets on slowly', () => {
    const [here, there] = [new LinkReceipts(), new LinkReceipts()];
    expect(here.isStuck(10 * STUCK_MS)).toBe(false);
    here.sent(100, 10 * STUCK_MS);
    expect(here.isStuck(11 * STUCK_MS - 1)).toBe(false);
    there.received(1);
    here.acknowledged(there.takeReceipt()!, 11 * STUCK_MS - 1);
    expect(here.isStuck(11 * STUCK_MS)).toBe(false);
    expect(here.isStuck(12 * STUCK_MS)).toBe(true);
    there.received(99);
    here.acknowledged(there.takeReceipt()!, 12 * STUCK_MS);
    expect(here.isStuck(100 * STUCK_MS)).toBe(false);
  });

  it('show no link as stuck that gets on otherwise', () => {
    const receipts = new LinkReceipts();
    receipts.sent(100, 0);
    receipts.heard(STUCK_MS - 1);
    expect(receipts.isStuck(2 * STUCK_MS - 2)).toBe(false);
    expect(receipts.isStuck(2 * STUCK_MS - 1)).toBe(true);
  });

  it('show a link as stuck whose other end sends and takes nothing', () => {
    const receipts = new LinkReceipts();
    receipts.sent(100, 0);
    for (const nowMs of [UNREAD_MS / 2, UNREAD_MS - 1]) {
      receipts.heard(nowMs);
      expect(receipts.isStuck(nowMs)).toBe(false);
    }
    receipts.heard(UNREAD_MS);
    expect(receipts.isStuck(UNREAD_MS)).toBe(true);
  });

  it('excuse the other end for the time that this node stood still', () => {
    const receipts = new LinkReceipts();
    receipts.sent(100, 0);
    receipts.excuse(STUCK_MS);
    expect(receipts.isStuck(2 * STUCK_MS - 1)).toBe(false);
    expect(receipts.isStuck(2 * STUCK_MS)).toBe(true);
  });

  it.each([
    ['claims more than was sent', Buffer.from([0, 0, 0, 0, 0, 0, 101])],
    ['is cut short', Buffer.from([0, 0, 0])],
    ['is too long', Buffer.from([0, 0, 0, 0, 0, 0, 1, 1])],
  ])('are refused when one %s', (_what, receipt) => {
    const receipts = new LinkReceipts();
    receipts.sent(100, 0);
    expect(receipts.acknowledged(receipt, 1)).toBe(false);
  });

  it('never count for less than an earlier one', () => {
    const [here, there] = [new LinkReceipts(), new LinkReceipts()];
    here.sent(IN_FLIGHT_BYTES_MAX, 0);
    there.received(10);
    const early = there.takeReceipt()!;
    there.received(IN_FLIGHT_BYTES_MAX - 10);
    expect(here.acknowledged(there.takeReceipt()!, 1)).toBe(true);
    expect(here.acknowledged(early, 2)).toBe(true);
    expect(here.isFull).toBe(false);
    expect(here.isStuck(10 * STUCK_MS)).toBe(false);
  });
});
