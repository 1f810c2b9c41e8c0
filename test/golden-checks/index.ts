import type { GoldenCheck } from './check.ts';
import { juteChecks } from './jute.ts';
import { kafkaApiVersions } from './kafka-api-versions.ts';
import { kafkaBrokerQuotas, kafkaConfigs } from './kafka-configs.ts';
import { kafkaDescribeConfigs } from './kafka-describe-configs.ts';
import { kafkaErrors } from './kafka-errors.ts';
import { kafkaMessages } from './kafka-messages.ts';
import { kafkaRecords } from './kafka-records.ts';
import { kafkaSpecs } from './kafka-specs.ts';

/** Every check there is. */
export const goldenChecks: readonly GoldenCheck[] = [
  kafkaMessages,
  kafkaSpecs,
  kafkaErrors,
  kafkaApiVersions,
  kafkaConfigs,
  kafkaBrokerQuotas,
  kafkaDescribeConfigs,
  ...kafkaRecords,
  ...juteChecks,
];
