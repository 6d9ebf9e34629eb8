/** Forms of Extended JSON version 1 that version 2 writes otherwise. Source: MongoDB manual, "Extended JSON (v1)". */

/** One parsed value, in the form of version 2 if it is one of version 1. */
export function withoutVersion1(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { $binary, $type, $date, $regex, $options } = value as Record<string, unknown>;
  if (typeof $binary === 'string')
    return {
      $binary: { base64: $binary, subType: typeof $type === 'string' ? $type.padStart(2, '0') : '00' },
    };
  if (typeof $date === 'number') return { $date: { $numberLong: String($date) } };
  // dates of version 1 may lack their Z, or say an offset
  if (typeof $date === 'string') return { $date: { $numberLong: String(msOf($date)) } };
  if (typeof $regex === 'string')
    return { $regularExpression: { pattern: $regex, options: typeof $options === 'string' ? $options : '' } };
  return value;
}

/** '2026-01-31T12:00:00.000+0100' too. @throws Error */
function msOf(text: string): number {
  const ms = Date.parse(text.replace(/([-+]\d\d)(\d\d)$/, '$1:$2'));
  if (Number.isNaN(ms)) throw new Error(`'${text}' is no date`);
  return ms;
}
