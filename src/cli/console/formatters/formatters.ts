import { JavaError } from '../../java-error.ts';
import { DefaultFormatter } from './default-formatter.ts';
import {
  GROUP_METADATA_FORMAT,
  InternalTopicFormatter,
  OFFSETS_FORMAT,
  TRANSACTION_LOG_FORMAT,
} from './internal-topic-formatters.ts';
import type { Complain, FormatterProperties, MessageFormatter } from './message-formatter.ts';
import { OldOffsetsFormatter } from './old-internal-topic-formatters.ts';

const PACKAGE = 'org.apache.kafka.tools.consumer.';
const OLD_OFFSETS = 'kafka.coordinator.group.GroupMetadataManager$OffsetsMessageFormatter';

export const DEFAULT_FORMATTER = `${PACKAGE}DefaultMessageFormatter`;

/** Names before 3.9, and what took their place. */
const DEPRECATED: Readonly<Record<string, string>> = {
  'kafka.tools.DefaultMessageFormatter': DEFAULT_FORMATTER,
  'kafka.tools.LoggingMessageFormatter': `${PACKAGE}LoggingMessageFormatter`,
  'kafka.tools.NoOpMessageFormatter': `${PACKAGE}NoOpMessageFormatter`,
  'kafka.coordinator.transaction.TransactionLog$TransactionLogMessageFormatter': `${PACKAGE}TransactionLogMessageFormatter`,
  [OLD_OFFSETS]: `${PACKAGE}OffsetsMessageFormatter`,
  'kafka.coordinator.group.GroupMetadataManager$GroupMetadataMessageFormatter': `${PACKAGE}GroupMetadataMessageFormatter`,
};

class NoOpFormatter implements MessageFormatter {
  write(): void {
    // Shows nothing: records are counted all the same.
  }
}

/**
 * The formatter of a Java class. `warn` hears of names that are going away. Throws {@link JavaError}
 * (`ClassNotFoundException`) for one that is not there.
 */
export function createFormatter(
  className: string,
  properties: FormatterProperties,
  { warn, complain }: { readonly warn: (text: string) => void; readonly complain: Complain },
): MessageFormatter {
  const deprecated = Object.hasOwn(DEPRECATED, className) ? DEPRECATED[className] : undefined;
  if (deprecated !== undefined) {
    const going = `${className} is deprecated and will be removed in the next major release.`;
    warn(`WARNING: ${going} Please use ${deprecated} instead`);
  }
  if (className === OLD_OFFSETS) return new OldOffsetsFormatter();
  switch (deprecated ?? className) {
    case DEFAULT_FORMATTER:
    // What the logging one adds goes to a log at a level that the tools do not show.
    case `${PACKAGE}LoggingMessageFormatter`:
      return new DefaultFormatter(properties, complain);
    case `${PACKAGE}NoOpMessageFormatter`:
      return new NoOpFormatter();
    case `${PACKAGE}OffsetsMessageFormatter`:
      return new InternalTopicFormatter(OFFSETS_FORMAT);
    case `${PACKAGE}GroupMetadataMessageFormatter`:
      return new InternalTopicFormatter(GROUP_METADATA_FORMAT);
    case `${PACKAGE}TransactionLogMessageFormatter`:
      return new InternalTopicFormatter(TRANSACTION_LOG_FORMAT);
    default:
      throw new JavaError('java.lang.ClassNotFoundException', className);
  }
}
