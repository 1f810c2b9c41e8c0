import type { Logger } from './common.ts';

/** What programs say of passwords, for them to compile: nothing of it is served yet, `Kafka` refuses it. */

interface MechanismOptions {
  plain: { username: string; password: string };
  'scram-sha-256': { username: string; password: string };
  'scram-sha-512': { username: string; password: string };
  aws: {
    authorizationIdentity: string;
    accessKeyId: string;
    secretAccessKey: string;
    sessionToken?: string;
  };
  oauthbearer: { oauthBearerProvider: () => Promise<OauthbearerProviderResponse> };
}

export interface OauthbearerProviderResponse {
  value: string;
}

export type SASLMechanism = keyof MechanismOptions;

export type SASLOptions = {
  [Name in SASLMechanism]: { mechanism: Name } & MechanismOptions[Name];
}[SASLMechanism];

export type Authenticator = { authenticate: () => Promise<void> };

export type SaslAuthenticateArgs<ParseResult> = {
  request: { encode: () => Buffer | Promise<Buffer> };
  response?: {
    decode: (rawResponse: Buffer) => Buffer | Promise<Buffer>;
    parse: (data: Buffer) => ParseResult;
  };
};

export type AuthenticationProviderArgs = {
  host: string;
  port: number;
  logger: Logger;
  saslAuthenticate: <ParseResult>(
    args: SaslAuthenticateArgs<ParseResult>,
  ) => Promise<ParseResult | undefined>;
};

export type Mechanism = {
  mechanism: string;
  authenticationProvider: (args: AuthenticationProviderArgs) => Authenticator;
};
