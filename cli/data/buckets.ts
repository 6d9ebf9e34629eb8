/**
 * The documents in which a time-series collection's measurements lie:
 *   {_id, control: {version: 1, min, max}, meta, data: {time: {'0': …, '1': …}, field: {'0': …}}}
 * Each field of `data` is a column; a measurement without the field has no entry there. Versions 2 and 3 pack columns, and
 * tell how many measurements there are: control.count.
 */
import { columnValues } from './bson-column.js';
import { Binary, compareDocuments, encodeDocument, ObjectId, type Document } from '../../elmo/index.js';

/** The collection's options. */
export interface TimeseriesOptions {
  readonly timeField: string;
  readonly metaField?: string;
  readonly granularity?: string;
  readonly bucketMaxSpanSeconds?: number;
  readonly bucketRoundingSeconds?: number;
}

/**
 * @returns the measurements of a bucket
 * @throws Error when it is no bucket
 */
export function unpackBucket(bucket: Document, { timeField, metaField }: TimeseriesOptions): Document[] {
  const { control, data, meta } = bucket as { control?: Document; data?: Document; meta?: unknown };
  const times: unknown = data?.[timeField];
  if (times instanceof Binary)
    return unpackColumns(data!, control?.['count'], { meta, timeField, metaField });
  if (typeof times !== 'object' || times === null)
    throw new Error(`it is no bucket of a time-series collection: it has no data.${timeField}`);
  const columns = Object.entries(data!) as [string, Document][];
  return Object.keys(times).map((row) => {
    const measurement: Document = { [timeField]: (times as Document)[row] };
    if (metaField !== undefined && meta !== undefined) measurement[metaField] = meta;
    for (const [name, column] of columns)
      if (name !== timeField && Object.hasOwn(column, row)) measurement[name] = column[row];
    return measurement;
  });
}

interface PackedNames {
  readonly meta: unknown;
  readonly timeField: string;
  readonly metaField: string | undefined;
}

/** @param count  of measurements, as the bucket tells it */
function unpackColumns(
  data: Document,
  count: unknown,
  { meta, timeField, metaField }: PackedNames,
): Document[] {
  const rows: Document[] = [];
  for (const time of packedValues(data, timeField)) {
    if (rows.length === MOST_PACKED) throw new Error(`its bucket has more than ${MOST_PACKED} measurements`);
    rows.push({
      [timeField]: time,
      ...(metaField === undefined || meta === undefined ? {} : { [metaField]: meta }),
    });
  }
  if (count !== undefined && Number(count) !== rows.length)
    throw new Error(`its bucket has ${rows.length} times, though it tells of ${Number(count)} measurements`);
  for (const name of Object.keys(data)) {
    if (name === timeField) continue;
    let row = 0;
    for (const value of packedValues(data, name)) {
      // packed runs may tell of more rows without a value than there are
      if (row < rows.length && value !== undefined) rows[row]![name] = value;
      else if (value !== undefined) throw new Error(`its column ${name} has more values than measurements`);
      if (++row > MOST_PACKED) break;
    }
  }
  return rows;
}

function* packedValues(data: Document, name: string): Generator<unknown> {
  const column = data[name] as unknown;
  if (!(column instanceof Binary)) throw new Error(`its column ${name} is not packed, though others are`);
  try {
    yield* columnValues(column.buffer.subarray(0, column.position));
  } catch (error) {
    throw new Error(`its packed column ${name} is damaged: ${(error as Error).message}`, { cause: error });
  }
}

/** Measurements that a packed bucket may tell of: ten times what a server puts there. */
const MOST_PACKED = 10_000;

const MOST_MEASUREMENTS = 1000;
const MOST_BYTES = 125_000;
/** Buckets that are filled at a time: one for each value of the meta field. */
const MOST_OPEN = 1000;
const DEFAULT_SPAN_SECONDS = 3600;
/** For each granularity, to what the first time in a bucket is rounded down. */
const ROUNDING_SECONDS: Readonly<Record<string, number>> = { seconds: 60, minutes: 3600, hours: 86_400 };

/** A bucket that is being filled. */
class OpenBucket {
  readonly data: Document;
  count = 0;
  byteLength = 0;
  private readonly min: Document = {};
  private readonly max: Document = {};

  constructor(
    private readonly meta: unknown,
    private readonly startMs: number,
    private readonly spanMs: number,
    private readonly timeField: string,
  ) {
    this.data = { [timeField]: {} };
  }

  hasRoomFor(atMs: number, byteLength: number): boolean {
    const isInSpan = atMs >= this.startMs && atMs < this.startMs + this.spanMs;
    return isInSpan && this.count < MOST_MEASUREMENTS && this.byteLength + byteLength <= MOST_BYTES;
  }

  add(measurement: Document, metaField: string | undefined, byteLength: number): void {
    const row = String(this.count++);
    this.byteLength += byteLength;
    for (const [name, value] of Object.entries(measurement)) {
      if (name === metaField) continue;
      ((this.data[name] ??= {}) as Document)[row] = value;
      this.min[name] = extremeOf(this.min[name], value, -1);
      this.max[name] = extremeOf(this.max[name], value, 1);
    }
  }

  finish(): Uint8Array {
    const id = ObjectId.createFromTime(Math.floor(this.startMs / 1000));
    // what createFromTime leaves empty tells buckets of the same second apart
    id.id.set(new ObjectId().id.subarray(4), 4);
    const min = { ...this.min, [this.timeField]: new Date(this.startMs) };
    return encodeDocument({
      _id: id,
      control: { version: 1, min, max: this.max },
      ...(this.meta === undefined ? {} : { meta: this.meta }),
      data: this.data,
    });
  }
}

/** Of documents and of arrays place by place. @param way  -1: the smaller one, 1: the greater one */
function extremeOf(known: unknown, value: unknown, way: -1 | 1): unknown {
  if (known === undefined) return value;
  if (isPlain(known) && isPlain(value) && Array.isArray(known) === Array.isArray(value)) {
    const extreme = (Array.isArray(known) ? [...(known as unknown[])] : { ...known }) as Document;
    for (const [name, inner] of Object.entries(value)) extreme[name] = extremeOf(extreme[name], inner, way);
    return extreme;
  }
  const order = compareDocuments(encodeDocument({ v: value }), 0, encodeDocument({ v: known }), 0);
  return order * way > 0 ? value : known;
}

function isPlain(value: unknown): value is Document {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}

/**
 * Puts measurements into buckets.
 * @param decode  keeps every type
 * @yields encoded buckets
 */
export async function* packBuckets(
  measurements: AsyncIterable<Uint8Array>,
  decode: (raw: Uint8Array) => Document,
  options: TimeseriesOptions,
): AsyncGenerator<Uint8Array> {
  const { timeField, metaField } = options;
  const spanMs = Number(options.bucketMaxSpanSeconds ?? DEFAULT_SPAN_SECONDS) * 1000;
  const rounding = options.bucketRoundingSeconds ?? ROUNDING_SECONDS[options.granularity ?? 'seconds'];
  const roundingMs = Number(rounding) * 1000;
  const open = new Map<string, OpenBucket>();
  for await (const raw of measurements) {
    const measurement = decode(raw);
    const meta: unknown = metaField === undefined ? undefined : measurement[metaField];
    const key = meta === undefined ? '' : Buffer.from(encodeDocument({ meta })).toString('base64');
    const atMs = (measurement[timeField] as Date).getTime();
    let bucket = open.get(key);
    if (bucket !== undefined && !bucket.hasRoomFor(atMs, raw.length)) {
      yield bucket.finish();
      open.delete(key);
      bucket = undefined;
    }
    if (bucket === undefined) {
      if (open.size === MOST_OPEN) {
        const [oldest] = open;
        open.delete(oldest![0]);
        yield oldest![1].finish();
      }
      bucket = new OpenBucket(meta, Math.floor(atMs / roundingMs) * roundingMs, spanMs, timeField);
      open.set(key, bucket);
    }
    bucket.add(measurement, metaField, raw.length);
  }
  for (const bucket of open.values()) yield bucket.finish();
}
