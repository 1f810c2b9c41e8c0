import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import { KafkaError } from '../../clients/kafka/kafka-error.ts';
import { readTextOrThrow } from '../client-settings.ts';
import { JavaError } from '../java-error.ts';
import { hashOrder, partitionHash } from '../java-hash-order.ts';
import { asArray, asObject, integerField, parseJson, textField } from '../json.ts';
import type { DeleteRecordsOptions } from '../kafka-delete-records.ts';
import { asJavaError } from '../kafka-failure.ts';
import { withAdmin } from './with-admin.ts';

interface Wanted {
  readonly topic: string;
  readonly partition: number;
  readonly beforeOffset: number;
}

const OPERATION = 'org.apache.kafka.server.common.AdminOperationException';

/** `{"partitions": [{"topic": "foo", "partition": 1, "offset": 1}], "version": 1}`. Throws {@link JavaError}. */
function parseOffsets(text: string): Wanted[] {
  const json = parseJson(text);
  if (json === undefined) throw new JavaError(OPERATION, 'The input string is not a valid JSON');
  const object = asObject(json);
  const version = Object.hasOwn(object, 'version') ? integerField(object, 'version') : 1;
  if (version !== 1) throw new JavaError(OPERATION, `Not supported version field value ${version}`);
  if (!Object.hasOwn(object, 'partitions')) throw new JavaError(OPERATION, 'Missing partitions field');
  return asArray(object['partitions']).map((entry) => ({
    topic: textField(asObject(entry), 'topic'),
    partition: integerField(asObject(entry), 'partition'),
    beforeOffset: integerField(asObject(entry), 'offset', 'Long'),
  }));
}

function checkDistinct(wanted: readonly Wanted[]): void {
  const keys = wanted.map(partitionKey);
  const twice = [...new Set(keys.filter((key, index) => keys.indexOf(key) !== index))];
  if (twice.length === 0) return;
  throw new JavaError(
    'org.apache.kafka.server.common.AdminCommandFailedException',
    `Offset json file contains duplicate topic partitions: ${twice.join(',')}`,
  );
}

/** Deletes what the file of `--offset-json-file` names and prints where each partition begins now. */
export async function deleteRecords(options: DeleteRecordsOptions): Promise<void> {
  const from = {
    bootstrapServers: options.required('bootstrap-server'),
    commandConfig: options.text('command-config'),
  };
  await withAdmin(from, async (admin, env) => {
    const wanted = parseOffsets(readTextOrThrow(env, options.required('offset-json-file')));
    checkDistinct(wanted);
    console.log('Executing records delete operation');
    const deleting = admin.deleteRecords(wanted).settled();
    console.log('Records delete operation completed:');
    const outcomes = await deleting;
    for (const partition of hashOrder(wanted, partitionHash)) {
      const key = partitionKey(partition);
      const outcome = outcomes.get(key);
      if (outcome === undefined) continue;
      if (outcome instanceof KafkaError) {
        const error = asJavaError(outcome);
        const reason = error instanceof JavaError ? error.toJavaString() : outcome.message;
        console.log(`partition: ${key}\terror: ${reason}`);
      } else {
        console.log(`partition: ${key}\tlow_watermark: ${outcome.lowWatermark}`);
      }
    }
  });
}
