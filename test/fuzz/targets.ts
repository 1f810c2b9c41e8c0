import { electionMessages } from './election-messages.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { kafkaMessages } from './kafka-messages.ts';

/** Every fuzz target; loading its seeds may take a moment. */
export const fuzzTargets: readonly (() => FuzzTarget)[] = [kafkaMessages, electionMessages];
