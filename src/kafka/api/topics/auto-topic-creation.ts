import type { Log } from '../../../env/log.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { groupMetadataTopic, topicNameError, transactionStateTopic } from '../../metadata/topic-name.ts';
import { isApiError } from '../api-error.ts';
import { brokerDefault, type TopicAdmin } from './topic-admin.ts';

/** How an internal topic is created, as the broker's configuration says now. */
export interface InternalTopicSettings {
  numPartitions: number;
  replicationFactor: number;
  configs: ReadonlyMap<string, string>;
}

/**
 * Creates topics that clients ask for before they exist (`kafka.server.AutoTopicCreationManager`, 3.9): any broker does,
 * by writing the topic's node, not the controller alone.
 */
export class AutoTopicCreation {
  readonly #admin: Pick<TopicAdmin, 'create'>;
  readonly #offsetsTopic: () => InternalTopicSettings;
  readonly #transactionsTopic: () => InternalTopicSettings;
  readonly #log: Log;
  readonly #inFlight = new Set<string>();

  constructor(parts: {
    admin: Pick<TopicAdmin, 'create'>;
    /** `__consumer_offsets`. */
    offsetsTopic: () => InternalTopicSettings;
    /** `__transaction_state`. */
    transactionsTopic: () => InternalTopicSettings;
    log: Log;
  }) {
    this.#admin = parts.admin;
    this.#offsetsTopic = parts.offsetsTopic;
    this.#transactionsTopic = parts.transactionsTopic;
    this.#log = parts.log;
  }

  /**
   * Starts the creation of topics and answers at once: LEADER_NOT_AVAILABLE for what is on its way, so that the
   * client asks again.
   */
  async create(topics: Iterable<string>): Promise<Map<string, ErrorCode>> {
    const outcomes = [...topics].map(async (topic) => [topic, await this.#createOne(topic)] as const);
    return new Map(await Promise.all(outcomes));
  }

  async #createOne(topic: string): Promise<ErrorCode> {
    if (topicNameError(topic) !== null) return ErrorCode.INVALID_TOPIC_EXCEPTION;
    if (this.#inFlight.has(topic)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    this.#inFlight.add(topic);
    try {
      const result = await this.#admin.create(
        { name: topic, assignments: new Map(), ...this.#settings(topic) },
        false,
      );
      if (!isApiError(result) || result.errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) {
        return ErrorCode.LEADER_NOT_AVAILABLE;
      }
      this.#log.warn('cannot create a topic that a client asked for', {
        topic,
        errorCode: result.errorCode,
        reason: result.errorMessage,
      });
      return result.errorCode;
    } finally {
      this.#inFlight.delete(topic);
    }
  }

  #settings(topic: string): InternalTopicSettings {
    if (topic === groupMetadataTopic) return this.#offsetsTopic();
    if (topic === transactionStateTopic) return this.#transactionsTopic();
    return { numPartitions: brokerDefault, replicationFactor: brokerDefault, configs: new Map() };
  }
}
