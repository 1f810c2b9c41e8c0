/**
 * `streamkeeper/kafkajs`: what kafkajs 2.2.4 exports, upon the clients of this package. A program changes one import.
 */
import * as everything from './kafkajs.ts';

export * from './kafkajs.ts';
/** kafkajs is CommonJS, whose exports come as a default as well. */
export default everything;
