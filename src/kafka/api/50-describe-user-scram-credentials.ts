import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from '../../wire/kafka/messages/50-describe-user-scram-credentials.ts';
import { type Handler, handler } from './handler.ts';
import type { ScramAdmin } from './scram/scram-admin.ts';

/** DescribeUserScramCredentials: which mechanisms users have credentials for, with how many iterations (KIP-554). */
export function describeUserScramCredentialsHandler(parts: { scram: Pick<ScramAdmin, 'describe'> }): Handler {
  return handler({
    request: DescribeUserScramCredentialsRequest,
    response: DescribeUserScramCredentialsResponse,
    versions: [0, 0],
    async handle({ users }) {
      const results = await parts.scram.describe(users?.map(({ name }) => name) ?? null);
      return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: '', results };
    },
  });
}
