/** What parameters of the server say of all queries. */

export interface QuerySettings {
  /** Whether sorts and groups may go to disk where the query does not say. */
  allowsDisk: boolean;
  /** Whether a query with a filter may look at all documents of a collection. */
  allowsScans: boolean;
  /** Bytes that a sort may hold in memory. */
  sortBytes: number;
  /** Plans that are weighed against each other. */
  mostPlans: number;
}

export function defaultSettings(): QuerySettings {
  return { allowsDisk: true, allowsScans: true, sortBytes: 100 * 1024 * 1024, mostPlans: 64 };
}
