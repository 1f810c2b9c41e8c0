import { fileURLToPath } from 'node:url';
import { formatFinding } from './finding.ts';
import { checkRepository } from './repository.ts';

/** `npm run tidy`: prints what is out of order; exit code 1 when there is anything. */
const findings = checkRepository(fileURLToPath(new URL('../../../', import.meta.url)));
for (const finding of findings) console.log(formatFinding(finding));
console.log(findings.length === 0 ? 'tidy' : `${findings.length} to put right`);
process.exitCode = findings.length === 0 ? 0 : 1;
