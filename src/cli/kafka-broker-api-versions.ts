import { kafkaBrokerApiVersionsOptions as specs } from './options/kafka-broker-api-versions.ts';
import { parseToolArgs, requireOptions, runTool, uncaught } from './tool.ts';

/** `kafka-broker-api-versions.sh`: which versions of each API every broker serves. */
await runTool(async (args) => {
  const options = parseToolArgs(specs, 'This tool helps to retrieve broker version information.', args);
  requireOptions(specs, options, ['bootstrap-server']);
  const { printApiVersions } = await import('./kafka/api-versions.ts');
  await printApiVersions({
    bootstrapServers: options.required('bootstrap-server'),
    commandConfig: options.text('command-config'),
  });
  return 0;
}, uncaught);
