import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatFinding } from '../../../tools/tidy/finding.ts';
import { checkRepository } from '../../../tools/tidy/repository.ts';

it('the repository is tidy', () => {
  const findings = checkRepository(fileURLToPath(new URL('../../../../', import.meta.url)));
  assert.equal(findings.map(formatFinding).join('\n'), '');
});
