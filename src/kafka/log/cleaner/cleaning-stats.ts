/** What one cleaning of a log has read and written (CleanerStats in Apache's), for the broker's log and metrics. */
export class CleaningStats {
  readonly startedMs: number;
  mapCompleteMs = -1;
  endedMs = -1;
  mapBytesRead = 0;
  mapMessagesRead = 0;
  bytesRead = 0;
  bytesWritten = 0;
  messagesRead = 0;
  messagesWritten = 0;
  /** Records without a key, which have no place in a compacted log. */
  invalidMessages = 0;
  /** Share of the offset map's memory that was taken. */
  bufferUtilization = 0;

  constructor(startedMs: number) {
    this.startedMs = startedMs;
  }

  get elapsedMs(): number {
    return this.endedMs - this.startedMs;
  }
}
