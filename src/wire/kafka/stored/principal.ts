/** The principal inside a forwarded request (KIP-590). */
import { bool, message, string } from '../schema/index.ts';

export const DefaultPrincipalData = message(
  'DefaultPrincipalData',
  { kind: 'data', versions: '0', flexible: '0+' },
  {
    type: string('0+'),
    name: string('0+'),
    tokenAuthenticated: bool('0+'),
  },
);
