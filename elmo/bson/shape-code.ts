/**
 * The code of a reader made for a shape (see shapes.ts).
 *
 * Long texts that follow each other are read by one call of the runtime's decoder, which costs what it costs by the call
 * and not by the character, and are parts of what it gives. That is right where each byte from the first of them to the
 * end of the last gives one character, as the length of the whole tells; where a text is not ASCII each is read by itself.
 * A part keeps the whole in memory: so only texts that together are not much smaller than the whole, which is short.
 */
import { LONGEST_ASCII } from './ascii-text.js';
import { resultOf } from './made-code.js';
import { readDouble, readInt32, readInt64AsDouble, readText } from './read.js';
import type { Plainness, ReaderPlace, ShapeReader } from './shapes.js';
import { ARRAY, DATE, DOUBLE, INT32, OBJECT, STRING } from './types.js';

/** What is known of the fields of an object for which a reader is made. */
export interface ShapeFields {
  readonly names: readonly string[];
  readonly types: readonly number[];
  /** Whether it is a text that the runtime's decoder reads. */
  readonly areLong: readonly boolean[];
}

/** Longer ones are read one by one: whoever keeps one of them would keep all. */
const MOST_SHARED_BYTES = 2048;

/** An object does not have the shape if more than one in so many of its bytes come behind the fields of the shape. */
const MUCH_MORE = 4;

/**
 * @param noteMiss  called with an object that does not have the shape
 * @param newPlace  for objects in a field
 * @returns undefined: the runtime makes no code from text
 */
export function makeShapeReader(
  fields: ShapeFields,
  plain: Plainness,
  noteMiss: (bytes: Uint8Array, start: number) => void,
  newPlace: () => ReaderPlace,
): ShapeReader | undefined {
  const { names } = fields;
  const values = names.map((_, n) => `v${n}`).join(', ');
  const assignments = names.map((name, n) => `this[${JSON.stringify(name)}] = v${n};`).join(' ');
  const places = new Map<string, ReaderPlace>();
  if (plain.objects)
    fields.types.forEach((type, n) => {
      if (type === OBJECT || type === ARRAY) places.set(`place${n}`, newPlace());
    });
  const code = `function Shape(${values}) { ${assignments} }
    Shape.prototype = Object.prototype;
    return (reader, bytes, start) => {
      const limit = start + readInt32(bytes, start) - 1;
      let at = start + 4;
      let end = 0;
      ${fieldsCode(fields, plain)}
      const object = new Shape(${values});
      if (at !== limit) {
        if ((limit - at) * ${MUCH_MORE} > limit - start) noteMiss(bytes, start);
        return reader.readMore(object, bytes, start, at);
      }
      reader.end = limit + 1;
      return object;
    };`;
  const given = { names, readInt32, readDouble, readInt64AsDouble, readText, noteMiss };
  return resultOf<ShapeReader>(code, { ...given, ...Object.fromEntries(places) });
}

function fieldsCode({ names, types, areLong }: ShapeFields, plain: Plainness): string {
  let code = '';
  for (let n = 0; n < names.length;) {
    let end = n;
    while (end < names.length && areLong[end] === true) end++;
    if (end - n > 1) {
      code += textsCode(names, n, end);
      n = end;
    } else {
      code += fieldCode(names[n]!, n, types[n]!, plain);
      n++;
    }
  }
  return code;
}

/** Reads field `n` into `v<n>`, or hands over to who reads the rest. */
function fieldCode(name: string, n: number, type: number, plain: Plainness): string {
  return `
      ${nameCode(name, n, missCode(n))}
      let v${n};
      ${valueCode(n, type, plain)}
      else { v${n} = reader.readValue(bytes, t${n}, at); at = reader.end; }`;
}

/** Goes behind the name of field `n`, with its type in `t<n>`; or runs `otherwise` where there is another. */
function nameCode(name: string, n: number, otherwise: string): string {
  // without a branch for each byte; beyond the array there is nothing to compare
  const bytes = [...`${name}\0`].map((c, i) => `(bytes[at + ${i + 1}] ^ ${c.charCodeAt(0)})`);
  const differs = `at + ${bytes.length} >= bytes.length || (${bytes.join(' | ')}) !== 0`;
  return `const t${n} = bytes[at];
      if (t${n} === 0 || ${differs}) { ${otherwise} }
      at += ${name.length + 2};`;
}

/** Reads the value if it is of the type that is expected: the commonest ones without a call. */
function valueCode(n: number, type: number, plain: Plainness): string {
  if (type === DATE)
    return `if (t${n} === ${DATE}) { v${n} = new Date(readInt64AsDouble(bytes, at)); at += 8; }`;
  if (plain.numbers && type === INT32)
    return `if (t${n} === ${INT32}) { v${n} = readInt32(bytes, at); at += 4; }`;
  if (plain.numbers && type === DOUBLE)
    return `if (t${n} === ${DOUBLE}) { v${n} = readDouble(bytes, at); at += 8; }`;
  if (plain.objects && type === OBJECT)
    return `if (t${n} === ${OBJECT}) {
        place${n}.uses++;
        const known = place${n}.reader;
        if (known !== undefined) v${n} = known(reader, bytes, at);
        else { place${n}.missed(bytes, at); v${n} = reader.readPlain(bytes, at); }
        at = reader.end;
      }`;
  if (plain.objects && type === ARRAY)
    return `if (t${n} === ${ARRAY}) { v${n} = reader.readArray(bytes, at, place${n}); at = reader.end; }`;
  return `if (t${n} === ${STRING}) { end = at + 4 + readInt32(bytes, at); v${n} = readText(bytes, at + 4, end - 1); at = end; }`;
}

/** Reads fields [from, to), each a long text in the first object. */
function textsCode(names: readonly string[], from: number, to: number): string {
  const last = to - 1;
  // the text of field n is bytes [f<n>, e<n>), when f<n> is above 0
  const each = (end: number): string =>
    numbers(from, end, (n) => `if (f${n} > 0) v${n} = readText(bytes, f${n}, e${n});`);
  const places = numbers(
    from,
    to,
    (n) => `
      ${nameCode(names[n]!, n, `${each(n)} ${missCode(n)}`)}
      let v${n}; let f${n} = 0; let e${n} = 0;
      if (t${n} === ${STRING}) {
        const length = readInt32(bytes, at); f${n} = at + 4; at = f${n} + length; e${n} = at - 1; lengths${from} |= length;
      } else { v${n} = reader.readValue(bytes, t${n}, at); at = reader.end; lengths${from} = -1; }`,
  );
  // a length whose bytes are all below 128 is ASCII, as what lies between two texts is otherwise
  const isWorthIt = `(lengths${from} & 0x80808080) === 0 && size${from} <= ${MOST_SHARED_BYTES} && size${from} > ${(to - from) * LONGEST_ASCII}`;
  return `
      let lengths${from} = 0;
      ${places}
      const size${from} = e${last} - f${from};
      const whole${from} = ${isWorthIt} ? readText(bytes, f${from}, e${last}) : '';
      if (whole${from} !== '' && whole${from}.length === size${from}) {
        ${numbers(from, to, (n) => `v${n} = whole${from}.substring(f${n} - f${from}, e${n} - f${from});`)}
      } else { ${each(to)} }`;
}

function numbers(from: number, to: number, line: (n: number) => string): string {
  let lines = '';
  for (let n = from; n < to; n++) lines += `${line(n)} `;
  return lines;
}

function missCode(read: number): string {
  const values = Array.from({ length: read }, (_, n) => `v${n}`).join(', ');
  return `noteMiss(bytes, start); return reader.readRest(bytes, start, at, names, [${values}]);`;
}
