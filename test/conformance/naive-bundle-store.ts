import type { BundleEntry, HeldExtent, StoredBundle } from '../../src/gossip/store/bundle-store.js';

/** What a bundle store should do, by brute force over one list. */
export class NaiveBundleStore {
  extents = new Map<string, HeldExtent>();
  bundles: StoredBundle[] = [];
  lastArrival = 0;

  append(bundle: StoredBundle, extent: HeldExtent): void {
    this.bundles.push(bundle);
    this.extents.set(extent.stream.id, extent);
    this.lastArrival = bundle.arrival;
  }

  deleteStream(id: string): void {
    this.extents.delete(id);
    this.bundles = this.bundles.filter((bundle) => bundle.stream.id !== id);
  }

  dropThroughFloor(extent: HeldExtent): void {
    this.extents.set(extent.stream.id, extent);
    const { id } = extent.stream;
    this.bundles = this.bundles.filter((bundle) => bundle.stream.id !== id || bundle.lastSeq > extent.floor);
  }

  read(id: string, fromSeq: number, bytesMax: number): StoredBundle[] {
    const inOrder = this.bundles.filter((bundle) => bundle.stream.id === id && bundle.lastSeq >= fromSeq);
    inOrder.sort((a, b) => a.lastSeq - b.lastSeq);
    let bytes = 0;
    return inOrder.filter((bundle, at) => (bytes += bundle.bytes.length) <= bytesMax || at === 0);
  }

  entries(topic: string, afterArrival: number, limit: number): BundleEntry[] {
    const ofTopic = this.bundles.filter((bundle) => bundle.stream.topic === topic && bundle.arrival > afterArrival);
    return ofTopic.slice(0, limit).map(({ bytes, ...rest }) => ({ ...rest, byteLength: bytes.length }));
  }
}
