export type RecipeErrorCode =
  /** What was held or waited for is gone: its session has ended, or somebody has deleted its node. */
  | 'LOST'
  /** Somebody else has it. */
  | 'TAKEN'
  /** What is stored there is not what the recipe puts there. */
  | 'FOREIGN_DATA';

/** A recipe could not do what it was asked for. What ZooKeeper refuses comes as a ZooKeeperError. */
export class RecipeError extends Error {
  override name = 'RecipeError';
  readonly code: RecipeErrorCode;
  readonly path: string;
  /** Whether the same call may succeed later. */
  readonly retriable: boolean;

  constructor(code: RecipeErrorCode, path: string, text: string) {
    super(`${code}: ${text} (${path})`);
    this.code = code;
    this.path = path;
    this.retriable = code !== 'FOREIGN_DATA';
  }
}
