/** What the operating system knows of this process and its machine, for those who look after it. */
export interface ProcessFacts {
  usage(): ProcessUsage;
  /** Names and values such as `os.name`. */
  environment(): readonly (readonly [name: string, value: string])[];
}

export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly startedAtMs: number;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  /** Absent where the system does not tell. */
  readonly openFiles?: number;
  readonly maxFiles?: number;
}
