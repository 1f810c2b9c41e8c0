// node --import ./kafkajs-is-ours.mjs PROGRAM: whoever imports or requires kafkajs gets the module that the variable
// STREAMKEEPER_KAFKAJS names, as with an alias in a package.json.
import { registerHooks } from 'node:module';

const url = process.env.STREAMKEEPER_KAFKAJS;
if (url === undefined) throw new Error('STREAMKEEPER_KAFKAJS names no module');
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'kafkajs' ? { url, format: 'module', shortCircuit: true } : next(specifier, context),
});
