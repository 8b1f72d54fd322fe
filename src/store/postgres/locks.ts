/** Advisory locks: any numbers will do, as long as no other program in the same database picks them. */
export const LOCKS = {
  migrate: 7_748_001,
  /** With a second key that each worker picks. */
  worker: 7_748_004,
  queue: 7_748_005,
  refreshViews: 7_748_030,
  // 7_748_050 is that of the function ensure_history_partitions.
  optimize: 7_748_060,
  maintenance: 7_748_061,
  export: 7_748_063,
  refresh: 7_748_062,
} as const;
