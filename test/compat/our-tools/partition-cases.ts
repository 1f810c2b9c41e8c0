import { call, type ToolCase } from './tool-case.ts';

const offsets = (line: string) => call('kafka-get-offsets', `--bootstrap-server {at} ${line}`);
const deletion = (partitions: string, line = '') =>
  call('kafka-delete-records', `--bootstrap-server {at} --offset-json-file {dir}/records.json ${line}`, {
    files: { 'records.json': partitions },
  });
const election = (line: string, files: Readonly<Record<string, string>> = {}) =>
  call('kafka-leader-election', `--bootstrap-server {at} ${line}`, { files });

const verification = (line: string, options: Parameters<typeof call>[2] = {}) =>
  call('kafka-replica-verification', `--broker-list {at} ${line}`, options);

/** Tools about partitions and brokers. `read-only` has 30 records in 3 partitions, `cut-NAME` 10 in one. */
export const partitionCases: readonly ToolCase[] = [
  call('kafka-broker-api-versions', '--bootstrap-server {at}', { quick: true }),
  { ...offsets('--topic read-only'), quick: true },
  offsets('--topic read-only --time earliest'),
  offsets('--topic read-only --time -2'),
  offsets('--topic read-only --time max-timestamp'),
  offsets('--topic read-only --time 1600000000005'),
  offsets('--topic read-only --time 9600000000005'),
  offsets('--topic read-only --time earliest-local'),
  offsets('--topic read-only --time latest-tiered'),
  offsets('--topic read-only --partitions 0,2'),
  offsets('--topic absent'),
  offsets('--topic-partitions read-only:1,wide:3-5,wide:-2'),
  offsets('--topic-partitions read-only:1:2'),
  offsets('--topic-partitions wide:17-'),
  offsets('--exclude-internal-topics --topic (read|__consumer).*'),
  call('kafka-get-offsets', '--broker-list {at} --topic wide'),
  {
    ...call('kafka-log-dirs', '--bootstrap-server {at} --describe --topic-list read-only,wide'),
    quick: true,
  },
  call('kafka-log-dirs', '--bootstrap-server {at} --describe --topic-list absent'),
  call('kafka-log-dirs', '--bootstrap-server {at} --describe --broker-list 0 --topic-list wide'),
  call('kafka-log-dirs', '--bootstrap-server {at} --describe --broker-list 0,7'),
  call('kafka-log-dirs', '--bootstrap-server {at} --describe --broker-list a'),
  // What goes on until it is stopped is compared on a cluster, with the other tools there.
  verification('--topics-include absent', { quick: true }),
  verification('--topic-white-list absent'),
  verification('--topics-include ('),
  verification('--topics-include read-only --time -7'),
  verification('--topics-include read-only --time soon'),
  verification('--topics-include read-only --time 9600000000005', {
    differs: 'a NullPointerException there, the reason here',
  }),
  deletion('{"partitions": [{"topic": "cut-{me}", "partition": 0, "offset": 4}], "version": 1}'),
  deletion('{"partitions": [{"topic": "cut-{me}", "partition": 0, "offset": -1}]}'),
  deletion('{"partitions": [{"topic": "cut-{me}", "partition": 0, "offset": 99}]}'),
  deletion(
    '{"partitions": [{"topic": "cut-{me}", "partition": 0, "offset": 1}, {"topic": "cut-{me}", "partition": 0, "offset": 2}]}',
  ),
  deletion('{"partitions": [{"topic": "cut-{me}", "partition": 0}]}'),
  deletion('{"version": 1}'),
  deletion('{"version": 2, "partitions": []}'),
  deletion('nonsense'),
  call('kafka-delete-records', '--bootstrap-server {at} --offset-json-file {dir}/nowhere'),
  { ...election('--election-type preferred --topic read-only --partition 0'), quick: true },
  election('--election-type PREFERRED --all-topic-partitions'),
  election('--election-type unclean --topic read-only --partition 1'),
  election('--election-type preferred --topic absent --partition 0'),
  election('--election-type preferred --topic read-only --partition 9'),
  election('--election-type preferred --path-to-json-file {dir}/elect.json', {
    'elect.json':
      '{"partitions": [{"topic": "read-only", "partition": 0}, {"topic": "wide", "partition": 4}]}',
  }),
  election('--election-type preferred --path-to-json-file {dir}/twice.json', {
    'twice.json': '{"partitions": [{"topic": "wide", "partition": 4}, {"topic": "wide", "partition": 4}]}',
  }),
  election('--election-type preferred --path-to-json-file {dir}/nowhere.json'),
];
