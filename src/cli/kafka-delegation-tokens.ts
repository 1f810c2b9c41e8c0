import type { OptionSet } from './jopt/option-set.ts';
import { kafkaDelegationTokensOptions as specs } from './options/kafka-delegation-tokens.ts';
import { forbidBeside, messageAndTrace, parseToolArgs, requireOptions, runTool, usageExit } from './tool.ts';

export type DelegationTokensOptions = OptionSet<keyof typeof specs>;

const PURPOSE = 'This tool helps to create, renew, expire, or describe delegation tokens.';

/** Refuses options that are missing or do not go together. Throws ToolExit with the usage. */
function check(options: DelegationTokensOptions): void {
  const actions = (['create', 'renew', 'expire', 'describe'] as const).filter((name) => options.has(name));
  if (actions.length !== 1) {
    throw usageExit(
      specs,
      'Command must include exactly one action: --create, --renew, --expire or --describe',
    );
  }
  requireOptions(specs, options, ['bootstrap-server', 'command-config']);
  if (options.has('create')) requireOptions(specs, options, ['max-life-time-period']);
  if (options.has('renew')) requireOptions(specs, options, ['hmac', 'renew-time-period']);
  if (options.has('expire')) requireOptions(specs, options, ['hmac', 'expiry-time-period']);
  forbidBeside(specs, options, 'create', ['hmac', 'renew-time-period', 'expiry-time-period']);
  const owner = 'owner-principal';
  forbidBeside(specs, options, 'renew', [
    'renewer-principal',
    'max-life-time-period',
    'expiry-time-period',
    owner,
  ]);
  forbidBeside(specs, options, 'expire', ['max-life-time-period', 'renew-time-period', owner]);
  forbidBeside(specs, options, 'describe', [
    'renew-time-period',
    'max-life-time-period',
    'hmac',
    'expiry-time-period',
  ]);
}

/** `kafka-delegation-tokens.sh`: makes, renews, expires and lists the tokens that clients log in with. */
await runTool(async (args) => {
  const options: DelegationTokensOptions = parseToolArgs(specs, PURPOSE, args);
  check(options);
  const { runDelegationTokens } = await import('./kafka/delegation-tokens.ts');
  await runDelegationTokens(options);
  return 0;
}, messageAndTrace);
