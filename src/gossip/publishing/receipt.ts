import type { AckLevel, Message } from '../bundles/message.js';
import { isoTime, type Place } from '../bundles/place.js';
import type { Confirmation } from '../dissemination/acknowledgements.js';

/** Where a message went, and how many logs hold it. */
export interface Receipt extends Place {
  /** Nodes that have the message in their log, of how many wanted it: publisher included, dead and left ones not. */
  readonly ack: { readonly level: AckLevel } & Confirmation;
}

/** What is known of a message once it has its place in its stream. */
export type Placed = Pick<Message, 'stream' | 'seq' | 'publisherName' | 'publishedAtMs'>;

/** The receipt of a message. One literal: there is one for every message, and putting two objects together takes 20 times as long. */
export function receiptOf(placed: Placed, ack: Receipt['ack']): Receipt {
  const { stream, seq } = placed;
  return {
    id: `${stream.id}.${seq}`,
    topic: stream.topic,
    publisher: placed.publisherName,
    publisherId: stream.publisher,
    epoch: stream.epoch,
    stream: stream.id,
    seq,
    publishedAt: isoTime(placed.publishedAtMs),
    ack,
  };
}
