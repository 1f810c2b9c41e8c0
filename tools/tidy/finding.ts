/** Something to put right. */
export interface Finding {
  path: string;
  line: number;
  /** What is wrong. */
  problem: string;
  /** What to do instead. */
  remedy: string;
}

export function formatFinding(finding: Finding): string {
  return `${finding.path}:${finding.line}: ${finding.problem}. ${finding.remedy}`;
}
