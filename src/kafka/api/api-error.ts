import { ErrorCode } from '../../wire/kafka/errors.ts';

/** An error of the protocol as an answer carries it. */
export interface ApiError {
  errorCode: ErrorCode;
  /** Null where Kafka sends none. */
  errorMessage: string | null;
}

export const noError: ApiError = { errorCode: ErrorCode.NONE, errorMessage: null };

export function apiError(errorCode: ErrorCode, errorMessage: string | null = null): ApiError {
  return { errorCode, errorMessage };
}

/** Tells an error from the value that a function would have given. */
export function isApiError(value: object): value is ApiError {
  return 'errorCode' in value && 'errorMessage' in value;
}
