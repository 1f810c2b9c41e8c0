import type { LogConfig } from '../log-config.ts';
import { MAX_RELATIVE_OFFSET } from '../offset-index.ts';
import type { LogSegment } from '../segment.ts';

interface Group {
  readonly segments: [LogSegment, ...LogSegment[]];
  bytes: number;
  offsetIndexBytes: number;
  timeIndexBytes: number;
}

/**
 * Puts neighbouring segments together that fit into one by size, indexes and offsets, so that segments do not
 * become ever smaller. `endOffset` is where the last one ends at most.
 */
export function groupSegments(
  segments: readonly LogSegment[],
  config: Pick<LogConfig, 'segmentBytes' | 'segmentIndexBytes'>,
  endOffset: number,
): LogSegment[][] {
  const groups: Group[] = [];
  for (const [index, segment] of segments.entries()) {
    // Only reading it through tells where a segment ends; the next one's beginning is near enough.
    const lastOffset = (segments[index + 1]?.baseOffset ?? endOffset) - 1;
    const group = groups.at(-1);
    if (group === undefined || !fits(group, segment, lastOffset, config)) groups.push(newGroup(segment));
    else {
      group.segments.push(segment);
      add(group, segment);
    }
  }
  return groups.map((group) => group.segments);
}

function newGroup(segment: LogSegment): Group {
  const group: Group = { segments: [segment], bytes: 0, offsetIndexBytes: 0, timeIndexBytes: 0 };
  add(group, segment);
  return group;
}

function add(group: Group, segment: LogSegment): void {
  group.bytes += segment.sizeBytes;
  group.offsetIndexBytes += segment.offsetIndex.sizeBytes;
  group.timeIndexBytes += segment.timeIndex.sizeBytes;
}

function fits(
  group: Group,
  segment: LogSegment,
  lastOffset: number,
  config: Pick<LogConfig, 'segmentBytes' | 'segmentIndexBytes'>,
): boolean {
  return (
    group.bytes + segment.sizeBytes <= config.segmentBytes &&
    group.offsetIndexBytes + segment.offsetIndex.sizeBytes <= config.segmentIndexBytes &&
    group.timeIndexBytes + segment.timeIndex.sizeBytes <= config.segmentIndexBytes &&
    (segment.sizeBytes === 0 || lastOffset - group.segments[0].baseOffset <= MAX_RELATIVE_OFFSET)
  );
}
