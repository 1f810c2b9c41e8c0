import {
  CreateDelegationTokenRequest,
  CreateDelegationTokenResponse,
} from '../../../wire/kafka/messages/38-create-delegation-token.ts';
import {
  RenewDelegationTokenRequest,
  RenewDelegationTokenResponse,
} from '../../../wire/kafka/messages/39-renew-delegation-token.ts';
import {
  ExpireDelegationTokenRequest,
  ExpireDelegationTokenResponse,
} from '../../../wire/kafka/messages/40-expire-delegation-token.ts';
import {
  DescribeDelegationTokenRequest,
  DescribeDelegationTokenResponse,
} from '../../../wire/kafka/messages/41-describe-delegation-token.ts';
import { KafkaError, throwIfError } from '../kafka-error.ts';
import type { AdminCall } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';

/** Principals are written `User:alice`. */
export interface DelegationToken {
  readonly tokenId: string;
  /** What names the token in renewals and logs in with it. */
  readonly hmac: Buffer;
  readonly owner: string;
  /** Who asked for it; undefined from brokers before 3.3. */
  readonly requester: string | undefined;
  readonly renewers: readonly string[];
  readonly issueTimestampMs: number;
  readonly expiryTimestampMs: number;
  /** It cannot be renewed beyond this. */
  readonly maxTimestampMs: number;
}

export interface CreateTokenOptions extends CallOptions {
  /** For whom. Default: the asker. */
  readonly owner?: string;
  /** Who may renew it besides its owner. */
  readonly renewers?: readonly string[];
  /** Default: the broker's `delegation.token.max.lifetime.ms`. */
  readonly maxLifetimeMs?: number;
}

export interface RenewTokenOptions extends CallOptions {
  /** Default: the broker's `delegation.token.expiry.time.ms`. */
  readonly renewPeriodMs?: number;
}

export interface ExpireTokenOptions extends CallOptions {
  /** From now on; negative for at once, which is the default. */
  readonly expiryPeriodMs?: number;
}

export interface DescribeTokensOptions extends CallOptions {
  /** Default: of all owners that the asker may know of. */
  readonly owners?: readonly string[];
}

interface Principal {
  readonly principalType: string;
  readonly principalName: string;
}

function principal(text: string): Principal {
  const colon = text.indexOf(':');
  if (colon < 1 || colon === text.length - 1) {
    throw new KafkaError('INVALID_ARGUMENT', `principal ${text}: write it as type:name, such as User:alice`);
  }
  return { principalType: text.slice(0, colon), principalName: text.slice(colon + 1) };
}

const nameOf = ({ principalType, principalName }: Principal): string => `${principalType}:${principalName}`;

/** @internal */
export function createToken(call: AdminCall, options: CreateTokenOptions): Promise<DelegationToken> {
  return call.whole(async () => {
    const renewers = options.renewers ?? [];
    const owner = options.owner === undefined ? undefined : principal(options.owner);
    const { response, version } = await call.ask(
      'any',
      { request: CreateDelegationTokenRequest, response: CreateDelegationTokenResponse },
      (version) => ({
        ...(version >= 3
          ? {
              ownerPrincipalType: owner?.principalType ?? null,
              ownerPrincipalName: owner?.principalName ?? null,
            }
          : {}),
        renewers: renewers.map(principal),
        maxLifetimeMs: options.maxLifetimeMs ?? -1,
      }),
      { min: owner === undefined ? 0 : 3 },
    );
    throwIfError(response.errorCode, 'delegation token');
    return {
      tokenId: response.tokenId,
      hmac: response.hmac,
      owner: nameOf(response),
      requester: version >= 3 ? requesterOf(response) : undefined,
      renewers,
      issueTimestampMs: response.issueTimestampMs,
      expiryTimestampMs: response.expiryTimestampMs,
      maxTimestampMs: response.maxTimestampMs,
    };
  });
}

function requesterOf(token: {
  readonly tokenRequesterPrincipalType: string;
  readonly tokenRequesterPrincipalName: string;
}): string {
  return `${token.tokenRequesterPrincipalType}:${token.tokenRequesterPrincipalName}`;
}

/** @internal Gives the new expiry. */
export function renewToken(
  call: AdminCall,
  hmac: Buffer,
  { renewPeriodMs = -1 }: RenewTokenOptions,
): Promise<number> {
  return call.whole(async () => {
    const response = await call.request(
      'any',
      { request: RenewDelegationTokenRequest, response: RenewDelegationTokenResponse },
      { hmac, renewPeriodMs },
    );
    throwIfError(response.errorCode, 'delegation token');
    return response.expiryTimestampMs;
  });
}

/** @internal Gives the new expiry. */
export function expireToken(
  call: AdminCall,
  hmac: Buffer,
  { expiryPeriodMs = -1 }: ExpireTokenOptions,
): Promise<number> {
  return call.whole(async () => {
    const response = await call.request(
      'any',
      { request: ExpireDelegationTokenRequest, response: ExpireDelegationTokenResponse },
      { hmac, expiryTimePeriodMs: expiryPeriodMs },
    );
    throwIfError(response.errorCode, 'delegation token');
    return response.expiryTimestampMs;
  });
}

/** @internal */
export function describeTokens(
  call: AdminCall,
  { owners }: DescribeTokensOptions,
): Promise<readonly DelegationToken[]> {
  return call.whole(async () => {
    const { response, version } = await call.ask(
      'any',
      { request: DescribeDelegationTokenRequest, response: DescribeDelegationTokenResponse },
      { owners: owners === undefined ? null : owners.map(principal) },
    );
    throwIfError(response.errorCode, 'delegation tokens');
    return response.tokens.map((token) => ({
      tokenId: token.tokenId,
      hmac: token.hmac,
      owner: nameOf(token),
      requester: version >= 3 ? requesterOf(token) : undefined,
      renewers: token.renewers.map(nameOf),
      issueTimestampMs: token.issueTimestamp,
      expiryTimestampMs: token.expiryTimestamp,
      maxTimestampMs: token.maxTimestamp,
    }));
  });
}
