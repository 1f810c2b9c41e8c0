import type { Timers } from '../../../env/timers.ts';
import type { ClusterImage } from '../../metadata/cluster-image.ts';
import type { MetadataCache } from '../../metadata/metadata-cache.ts';

/** Waits until this broker's image satisfies a condition; false when the time runs out first. */
export function awaitMetadata(
  { metadata, timers }: { metadata: MetadataCache; timers: Timers },
  timeoutMs: number,
  condition: (image: ClusterImage) => boolean,
): Promise<boolean> {
  if (condition(metadata.image)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (reached: boolean): void => {
      timer.cancel();
      stopListening();
      resolve(reached);
    };
    const timer = timers.after(timeoutMs, () => end(false));
    const stopListening = metadata.listen((image) => {
      if (condition(image)) end(true);
    });
  });
}
