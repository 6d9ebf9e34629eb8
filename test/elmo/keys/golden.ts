/**
 * Golden files: a value in canonical Extended JSON, a tab, its bytes in hex; one a line, in order.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as b from '../../support/bson-values.js';
import type { Field, Sample } from '../../support/bson-values.js';
import { projectFolder } from '../../support/source-tree.js';

export interface GoldenLine {
  readonly json: string;
  readonly hex: string;
}

export function readGolden(name: string): GoldenLine[] {
  const text = readFileSync(join(projectFolder(), 'test', 'golden', 'keys', name), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => ({ json: line.slice(0, line.indexOf('\t')), hex: line.slice(line.indexOf('\t') + 1) }));
}

type Json = null | boolean | string | Json[] | { [name: string]: Json };

/** A value of its canonical Extended JSON. */
export function parseSample(text: string): Sample {
  return sampleOf(JSON.parse(text) as Json);
}

const fieldsOf = (json: Json): Field[] =>
  Object.entries(json as Record<string, Json>).map(([name, value]) => [name, sampleOf(value)]);

const SPECIAL: Record<string, (value: string, whole: Record<string, Json>) => Sample> = {
  $minKey: () => b.minKey(),
  $maxKey: () => b.maxKey(),
  $undefined: () => b.undefinedValue(),
  $numberInt: (text) => b.int32(Number(text)),
  $numberLong: (text) => b.int64(BigInt(text)),
  $numberDouble: (text) => b.double(Number(text)),
  $numberDecimal: (text) => b.decimal(text),
  $symbol: (text) => b.symbol(text),
  $oid: (text) => b.objectId(text),
  $code: (text, whole) =>
    '$scope' in whole ? b.codeWithScope(text, fieldsOf(whole['$scope']!)) : b.code(text),
  $date: (_, { $date }) => b.date(BigInt(($date as { $numberLong: string }).$numberLong)),
  $timestamp: (_, { $timestamp }) => {
    const { t, i } = $timestamp as unknown as { t: number; i: number };
    return b.timestamp(t, i);
  },
  $binary: (_, { $binary }) => {
    const { base64, subType } = $binary as { base64: string; subType: string };
    return b.binary(parseInt(subType, 16), Buffer.from(base64, 'base64'));
  },
  $regularExpression: (_, { $regularExpression }) => {
    const { pattern, options } = $regularExpression as { pattern: string; options: string };
    return b.regex(pattern, options);
  },
  $dbPointer: (_, { $dbPointer }) => {
    const { $ref, $id } = $dbPointer as { $ref: string; $id: { $oid: string } };
    return b.dbPointer($ref, $id.$oid);
  },
  $bits: (text) => {
    const [type, hex] = text.split('.') as [string, string];
    return {
      type: Number(type),
      bytes: Uint8Array.from(Buffer.from(hex, 'hex')),
      text: JSON.stringify({ $bits: text }),
    };
  },
};

function sampleOf(json: Json): Sample {
  if (json === null) return b.nullValue();
  if (typeof json === 'boolean') return b.bool(json);
  if (typeof json === 'string') return b.string(json);
  if (Array.isArray(json)) return b.array(json.map(sampleOf));
  const [name] = Object.keys(json);
  const special = name === undefined ? undefined : SPECIAL[name];
  return special === undefined ? b.object(fieldsOf(json)) : special(json[name!] as string, json);
}
