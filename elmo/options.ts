/** What the document layer says of itself. */

/** The version of MongoDB whose behaviour is kept. */
export const COMMAND_VERSION = '8.2.4';
export const VERSION_ARRAY: readonly number[] = [8, 2, 4, 0];
/** The newest wire protocol that is spoken: that of 8.2. */
export const WIRE_VERSION = 27;
