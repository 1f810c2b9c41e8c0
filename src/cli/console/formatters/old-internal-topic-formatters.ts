import { OffsetCommitKey, OffsetCommitValue } from '../../../wire/kafka/stored/offsets.ts';
import type { OutputBuffer } from '../output-buffer.ts';
import type { MessageFormatter, PrintableRecord } from './message-formatter.ts';

/** Committed offsets as `kafka.coordinator.group.GroupMetadataManager$OffsetsMessageFormatter` shows them. */
export class OldOffsetsFormatter implements MessageFormatter {
  write({ key, value }: PrintableRecord, output: OutputBuffer): void {
    if (key === null || key.length < 2 || key.readInt16BE() > 1) return;
    const { group, topic, partition } = OffsetCommitKey.at(0).decode(key.subarray(2));
    output.text(`[${group},${topic},${partition}]::${value === null ? 'NULL' : offsetText(value)}\n`);
  }
}

function offsetText(value: Buffer): string {
  const decoded = OffsetCommitValue.at(value.readInt16BE()).decode(value.subarray(2));
  const { offset, leaderEpoch, metadata, commitTimestamp, expireTimestamp } = decoded;
  const epoch = leaderEpoch < 0 ? 'Optional.empty' : `Optional[${leaderEpoch}]`;
  const expiry = expireTimestamp < 0 ? 'None' : `Some(${expireTimestamp})`;
  return `OffsetAndMetadata(offset=${offset}, leaderEpoch=${epoch}, metadata=${metadata}, commitTimestamp=${commitTimestamp}, expireTimestamp=${expiry})`;
}
