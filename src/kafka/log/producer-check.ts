import type { RecordBatch } from '../../wire/kafka/records/batch.ts';
import type { AppendOrigin } from './log-types.ts';
import type { CompletedTransaction, ProducerAppend } from './producer-append.ts';
import type { BatchMetadata } from './producer-state-entry.ts';
import type { ProducerStateManager } from './producer-state-manager.ts';

export interface ProducerCheck {
  /** The append is one that the log holds already; then nothing else is set. */
  readonly duplicate: BatchMetadata | undefined;
  readonly updates: Iterable<ProducerAppend>;
  readonly completed: readonly CompletedTransaction[];
}

const NO_PRODUCERS: ProducerCheck = { duplicate: undefined, updates: [], completed: [] };

/**
 * Checks the producers of an append that is about to be written at a place in a segment. Throws the errors of
 * {@link ProducerAppend}; changes nothing.
 */
export function checkProducers(
  state: ProducerStateManager,
  batches: readonly RecordBatch[],
  origin: AppendOrigin,
  at: { readonly segmentBaseOffset: number; readonly positionInSegment: number },
): ProducerCheck {
  if (!batches.some((batch) => batch.hasProducerId)) return NO_PRODUCERS;
  const updates = new Map<bigint, ProducerAppend>();
  const completed: CompletedTransaction[] = [];
  let position = at.positionInSegment;
  for (const batch of batches) {
    if (batch.hasProducerId) {
      const { producerId } = batch;
      if (origin === 'client') {
        const { producerEpoch, baseSequence, lastSequence } = batch;
        const known = state.entry(producerId);
        const duplicate = known?.findDuplicate(producerEpoch, baseSequence, lastSequence);
        if (duplicate !== undefined) return { ...NO_PRODUCERS, duplicate };
      }
      const append = updates.get(producerId) ?? state.prepare(producerId, origin);
      updates.set(producerId, append);
      const ended = append.append(batch, {
        messageOffset: batch.baseOffset,
        segmentBaseOffset: at.segmentBaseOffset,
        positionInSegment: position,
      });
      if (ended !== undefined) completed.push(ended);
    }
    position += batch.sizeInBytes;
  }
  return { duplicate: undefined, updates: updates.values(), completed };
}
