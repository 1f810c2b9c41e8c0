/** The version of Apache Kafka whose behaviour, formats and defaults ours has. */
export const KAFKA_VERSION = '3.9.2';
