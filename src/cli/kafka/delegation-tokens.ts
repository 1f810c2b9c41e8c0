import type { Admin } from '../../clients/kafka/admin/admin.ts';
import type { DelegationToken } from '../../clients/kafka/admin/delegation-tokens.ts';
import { illegalArgument } from '../java-error.ts';
import type { DelegationTokensOptions } from '../kafka-delegation-tokens.ts';
import { principalOf } from './principal.ts';
import { firstFuture, withAdmin } from './with-admin.ts';

/** Does what the options say and prints it. Throws JavaError. */
export async function runDelegationTokens(options: DelegationTokensOptions): Promise<void> {
  const from = {
    bootstrapServers: options.required('bootstrap-server'),
    commandConfig: options.required('command-config'),
  };
  await withAdmin(from, async (admin) => {
    if (options.has('create')) await create(admin, options);
    else if (options.has('renew')) await renew(admin, options);
    else if (options.has('expire')) await expire(admin, options);
    else await describe(admin, options);
  });
}

async function create(admin: Admin, options: DelegationTokensOptions): Promise<void> {
  const renewers = principals(options, 'renewer-principal');
  const maxLifetimeMs = options.number('max-life-time-period') ?? -1;
  console.log(
    `Calling create token operation with renewers :[${renewers.join(', ')}] , max-life-time-period :${maxLifetimeMs}`,
  );
  const [owner] = principals(options, 'owner-principal');
  const token = await firstFuture('createDelegationToken', () =>
    admin.createDelegationToken({ renewers, maxLifetimeMs, ...(owner === undefined ? {} : { owner }) }),
  );
  console.log(`Created delegation token with tokenId : ${token.tokenId}`);
  printTokens([token]);
}

async function renew(admin: Admin, options: DelegationTokensOptions): Promise<void> {
  const hmac = options.required('hmac');
  const renewPeriodMs = options.number('renew-time-period') ?? -1;
  console.log(`Calling renew token operation with hmac :${hmac} , renew-time-period :${renewPeriodMs}`);
  const bytes = decoded(hmac);
  const expiry = await firstFuture('renewDelegationToken', () =>
    admin.renewDelegationToken(bytes, { renewPeriodMs }),
  );
  process.stdout.write(`Completed renew operation. New expiry date : ${dateText(expiry)}`);
}

async function expire(admin: Admin, options: DelegationTokensOptions): Promise<void> {
  const hmac = options.required('hmac');
  const expiryPeriodMs = options.number('expiry-time-period') ?? -1;
  console.log(`Calling expire token operation with hmac :${hmac} , expire-time-period :${expiryPeriodMs}`);
  const bytes = decoded(hmac);
  const expiry = await firstFuture('expireDelegationToken', () =>
    admin.expireDelegationToken(bytes, { expiryPeriodMs }),
  );
  process.stdout.write(`Completed expire operation. New expiry date : ${dateText(expiry)}`);
}

async function describe(admin: Admin, options: DelegationTokensOptions): Promise<void> {
  const owners = principals(options, 'owner-principal');
  console.log(
    owners.length === 0
      ? 'Calling describe token operation for current user.'
      : `Calling describe token operation for owners: [${owners.join(', ')}]`,
  );
  const tokens = await firstFuture('describeDelegationToken', () =>
    admin.describeDelegationTokens({ owners }),
  );
  process.stdout.write(`Total number of tokens : ${tokens.length}`);
  printTokens(tokens);
}

const principals = (
  options: DelegationTokensOptions,
  name: 'owner-principal' | 'renewer-principal',
): string[] => options.all(name).map((text) => principalOf(text.trim()));

/** Throws JavaError for what is no base64, as Java's decoder. */
function decoded(text: string): Buffer {
  const wrong = /[^A-Za-z0-9+/=]/.exec(text)?.[0];
  if (wrong === undefined) return Buffer.from(text, 'base64');
  throw illegalArgument(`Illegal base64 character ${wrong.charCodeAt(0).toString(16)}`);
}

const WIDTHS = [15, 30, 15, 15, 25, 15, 15, 15];
const HEADINGS = ['TOKENID', 'HMAC', 'OWNER', 'REQUESTER', 'RENEWERS', 'ISSUEDATE', 'EXPIRYDATE', 'MAXDATE'];

function printTokens(tokens: readonly DelegationToken[]): void {
  const row = (cells: readonly string[]) =>
    `\n${cells.map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0)).join(' ')}\n`;
  const rows = tokens.map((token) =>
    row([
      token.tokenId,
      token.hmac.toString('base64'),
      token.owner,
      token.requester ?? token.owner,
      `[${token.renewers.join(', ')}]`,
      dateText(token.issueTimestampMs),
      dateText(token.expiryTimestampMs),
      dateText(token.maxTimestampMs),
    ]),
  );
  process.stdout.write(row(HEADINGS) + rows.join(''));
}

/** `2025-03-01T17:05`, in the local time zone. */
function dateText(timestampMs: number): string {
  const date = new Date(timestampMs);
  const two = (number: number) => `${number}`.padStart(2, '0');
  const day = [`${date.getFullYear()}`.padStart(4, '0'), two(date.getMonth() + 1), two(date.getDate())];
  return `${day.join('-')}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
