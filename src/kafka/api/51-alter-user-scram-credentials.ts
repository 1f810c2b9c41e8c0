import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from '../../wire/kafka/messages/51-alter-user-scram-credentials.ts';
import { apiError } from './api-error.ts';
import { type Handler, handler } from './handler.ts';
import type { ScramAdmin } from './scram/scram-admin.ts';

export interface AlterUserScramCredentialsParts {
  scram: Pick<ScramAdmin, 'alter'>;
  isController: () => boolean;
}

/** AlterUserScramCredentials: sets and deletes credentials; only the controller does (KIP-554). */
export function alterUserScramCredentialsHandler({
  scram,
  isController,
}: AlterUserScramCredentialsParts): Handler {
  return handler({
    request: AlterUserScramCredentialsRequest,
    response: AlterUserScramCredentialsResponse,
    versions: [0, 0],
    async handle({ deletions, upsertions }) {
      if (!isController()) {
        const users = new Set([...deletions, ...upsertions].map(({ name }) => name));
        const error = apiError(ErrorCode.NOT_CONTROLLER);
        return { throttleTimeMs: 0, results: [...users].sort().map((user) => ({ user, ...error })) };
      }
      const results = await scram.alter(deletions, upsertions);
      return { throttleTimeMs: 0, results: Array.from(results, ([user, error]) => ({ user, ...error })) };
    },
  });
}
