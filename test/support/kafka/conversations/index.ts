import type { Conversation } from '../conversation.ts';
import { configuring, describingServers, nonsense } from './administration.ts';
import { fetching, fetchSessions } from './fetches.ts';
import { findingCoordinators, groupMembership, groupOffsets } from './groups.ts';
import { describingProducers, refusing } from './producers.ts';
import { reconfiguring } from './reconfiguration.ts';
import { epochEnds, listingOffsets, producing, sequences, topicRules } from './records.ts';
import { creatingTopics, deletingTopics, growingTopics, metadata } from './topics.ts';
import { quotas, scramCredentials } from './users.ts';

export const conversations: readonly Conversation[] = [
  creatingTopics,
  growingTopics,
  deletingTopics,
  metadata,
  producing,
  topicRules,
  sequences,
  listingOffsets,
  epochEnds,
  fetching,
  fetchSessions,
  describingServers,
  configuring,
  nonsense,
  findingCoordinators,
  groupMembership,
  groupOffsets,
  quotas,
  scramCredentials,
  describingProducers,
  refusing,
  reconfiguring,
];
