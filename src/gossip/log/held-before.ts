import type { StreamExtent } from '../store/bundle-store.js';
import type { StreamId } from '../bundles/stream.js';

/** What is asked of a log. */
export interface DatedLog {
  extent(stream: StreamId): Pick<StreamExtent, 'floor' | 'changedAtMs'> | undefined;
  /** The last seq that was received before `wallMs`; the floor when none was. */
  seqBefore(stream: StreamId, wallMs: number): number;
}

/**
 * The last seq of the stream that was received before `wallMs`, also when retention has dropped it since; 0 when none that is held
 * was and some came in later, as the log's floor may lag behind the core's.
 */
export function heldBefore(log: DatedLog, stream: StreamId, wallMs: number): number {
  const extent = log.extent(stream);
  if (extent === undefined) return 0;
  const before = log.seqBefore(stream, wallMs);
  return before > extent.floor || extent.changedAtMs < wallMs ? before : 0;
}
