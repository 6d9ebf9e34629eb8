/**
 * Numbers and names of the errors a MongoDB server answers with. Clients branch on the number, so it never changes;
 * a code enters here when something of ours first answers with it.
 * Source: the reference engine's own replies.
 */
export const ERROR_CODES = {
  BadValue: 2,
  Overflow: 15,
  InvalidBSON: 22,
  BSONObjectTooLarge: 10334,
} as const;

export type ErrorCodeName = keyof typeof ERROR_CODES;
