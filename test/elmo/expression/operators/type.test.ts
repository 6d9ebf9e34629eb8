import {
  Binary,
  BSONRegExp,
  Code,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from '../../../../elmo/bson/package.js';
import { decimal, double, long, rows, type Row } from '../rows.js';

const uuid = '3b241101-e2bb-4255-8caf-4136c566a962';
const id = '65f000000000000000000001';
const bytes = (hex: string, subtype = 0): Binary => new Binary(Buffer.from(hex, 'hex'), subtype);

/** `[input, to, expected]` */
function converting(to: unknown, options: object, table: readonly (readonly [unknown, unknown])[]): Row[] {
  return table.map(([input, expected]) => [
    { $convert: { input: '$v', to, ...options } },
    { v: input },
    expected,
  ]);
}

rows('$type and $isNumber', [
  [[{ $type: '$missing' }], {}, ['missing']],
  [{ $eq: [{ $type: '$a' }, 'int'] }, { a: 1 }, true],
  [{ $type: [[1]] }, {}, 'array'],
  [{ $type: [1, 2] }, {}, 'error 16020'],
  [{ $isNumber: '$a' }, { a: decimal('NaN') }, true],
  [{ $isNumber: '$a' }, { a: '1' }, false],
  [{ $subtype: '$a' }, { a: bytes('00', 5) }, 5],
  [{ $subtype: '$a' }, { a: 1 }, 'error 10389300'],
]);

rows('arguments of $convert', [
  [{ $convert: 1 }, {}, 'error 9'],
  [{ $convert: { input: 1 } }, {}, 'error 9'],
  [{ $convert: { input: 1, to: 'int', z: 1 } }, {}, 'error 9'],
  [{ $convert: { input: 1, to: 'nope' } }, {}, 'error 2'],
  [{ $convert: { input: 1, to: 99 } }, {}, 'error 9'],
  [{ $convert: { input: 1, to: double(1.5) } }, {}, 'error 9'],
  [{ $convert: { input: 1, to: 'regex' } }, {}, 'error 241'],
  [{ $convert: { input: 1, to: 'missing' } }, {}, 'error 241'],
  [{ $convert: { input: 1, to: decimal('16') } }, {}, 1],
  [{ $convert: { input: 1, to: null, onNull: 5 } }, {}, null],
  [{ $convert: { input: null, to: null, onNull: 5 } }, {}, 5],
  [{ $convert: { input: null, to: 'int', base: 7 } }, {}, null],
  [{ $convert: { input: 'x', to: 'int', onError: '$e' } }, { e: 7 }, 7],
  [{ $convert: { input: '5', to: 'int', onError: { $divide: [1, '$z'] } } }, { z: 0 }, 5],
  [{ $convert: { input: 1, to: { type: 'binData', subtype: 'x' } } }, {}, 'error 4341108'],
  [{ $convert: { input: 1, to: { type: 'binData', subtype: 1.5 } } }, {}, 'error 4341106'],
  [{ $convert: { input: 1, to: { type: 'binData', subtype: 256 } } }, {}, 'error 4341107'],
  [{ $convert: { input: 1, to: 'int', format: 'nope' } }, {}, 'error 4341125'],
  [{ $convert: { input: 1, to: 'int', format: 1 } }, {}, 'error 4341114'],
  [{ $convert: { input: 1, to: 'int', base: 'x' } }, {}, 'error 3501300'],
  [{ $convert: { input: 1, to: 'int', base: 7 } }, {}, 'error 3501301'],
  [{ $convert: { input: 1, to: 'int', byteOrder: 1 } }, {}, 'error 9130001'],
  [{ $convert: { input: 1, to: 'int', byteOrder: 'x' } }, {}, 'error 9130002'],
  [{ $toInt: [1, 2] }, {}, 'error 50723'],
  [{ $toInt: '$missing' }, {}, null],
]);

rows('to int and long', [
  ...converting('int', {}, [
    [double(-2.9), -2],
    [double(2147483647.9), 'error 241'],
    [decimal('2147483647.9'), 2147483647],
    [true, 1],
    ['-12', -12],
    ['1.5', 'error 241'],
    [' 1', 'error 241'],
    ['2147483648', 'error 241'],
    [new Date(0), 'error 241'],
    [bytes('ff'), -1],
    [bytes('010203'), 'error 241'],
  ]),
  ...converting('long', {}, [
    [double(9223372036854775807), 'error 241'],
    [new Date(5), long(5)],
    [bytes('0100000000000000'), long(1)],
  ]),
  ...converting('int', { base: 16 }, [
    ['-Ff', -255],
    ['0x10', 'error 241'],
    ['80000000', 'error 241'],
  ]),
]);

rows('to double and decimal', [
  ...converting('double', {}, [
    ['.5', double(0.5)],
    ['1e400', 'error 241'],
    ['nan(1)', double(NaN)],
    ['-inf', double(-Infinity)],
    ['0x10', 'error 241'],
    [decimal('1E400'), 'error 241'],
    [decimal('4E-320'), 'error 241'],
    [bytes('0000803f'), double(1)],
  ]),
  ...converting('decimal', {}, [
    [double(0.1), decimal('0.100000000000000')],
    ['1e3', decimal('1E+3')],
    ['12345678901234567890123456789012346', decimal('1.234567890123456789012345678901234E+34')],
    ['1e-6177', 'error 241'],
    ['1e6145', 'error 241'],
    [bytes('01'), 'error 241'],
  ]),
]);

rows('to string', [
  ...converting('string', {}, [
    [double(1e15), '1000000000000000'],
    [double(1e16), '1e+16'],
    [double(0.0001), '0.0001'],
    [double(0.00001), '1e-05'],
    [double(-0), '-0'],
    [decimal('1E+3'), '1E+3'],
    [true, 'true'],
    [new ObjectId(id), id],
    [new Date(-1), '1969-12-31T23:59:59.999Z'],
    [new Date(8.64e15), 'error 18537'],
    [new Timestamp({ t: 5, i: 7 }), 'Timestamp(5, 7)'],
    [new BSONRegExp('a/b', 'i'), '/a/b/i'],
    [new Code('x', { a: 'q' }), 'CodeWScope("x", { a: "q" })'],
    [new MinKey(), 'MinKey'],
    [bytes('01'), 'error 4341115'],
    [
      { a: 1, b: [double(NaN), 'x"\n\u007f', new UUID(uuid)] },
      `{"a":1,"b":["NaN","x\\"\\n\\u007f","${uuid}"]}`,
    ],
  ]),
  ...converting('string', { base: 16 }, [
    [-255, '-FF'],
    [double(1.5), 'error 241'],
    [true, 'true'],
  ]),
  [{ $toString: '$v' }, { v: new UUID(uuid) }, uuid],
  [{ $toString: '$v' }, { v: bytes('0102') }, 'AQI='],
]);

rows('to binData and back', [
  ...converting('binData', { format: 'base64' }, [
    ['aGVsbG8=', bytes('68656c6c6f')],
    ['aGVsbG8', 'error 241'],
  ]),
  ...converting('binData', { format: 'base64url' }, [
    ['aGVsbG8', bytes('68656c6c6f')],
    ['a+/b', 'error 241'],
  ]),
  ...converting('binData', { format: 'hex' }, [['abc', 'error 241']]),
  ...converting('binData', {}, [
    ['68', 'error 4341115'],
    [5, bytes('05000000')],
    [[true, false, true], bytes('1005a0', 9)],
    [[1, 2], bytes('03000102', 9)],
    [[double(1.5)], bytes('27000000c03f', 9)],
    [[300], 'error 241'],
    [[true, 2], 'error 16003'],
    [bytes('01', 5), 'error 241'],
  ]),
  ...converting('binData', { byteOrder: 'big' }, [[5, bytes('00000005')]]),
  ...converting('string', { format: 'hex' }, [[bytes('ff'), 'FF']]),
  ...converting('string', { format: 'utf8' }, [[bytes('ff'), 'error 241']]),
  ...converting('string', { format: 'uuid' }, [[bytes('ff'), 'error 241']]),
  ...converting('array', {}, [
    [bytes('03007f07', 9), [127, 7]],
    [bytes('1005a0', 9), [true, false, true]],
    [bytes('00', 0), 'error 241'],
  ]),
  [{ $toUUID: '$v' }, { v: uuid.toUpperCase() }, new UUID(uuid)],
  [{ $toUUID: 'x' }, {}, 'error 241'],
]);

rows('to bool, date, objectId', [
  [{ $toBool: '' }, {}, true],
  [{ $toBool: '$v' }, { v: decimal('-0') }, false],
  [{ $toDate: '2024-01-02T03:04:05.678Z' }, {}, new Date(1704164645678)],
  [{ $toDate: long(5) }, {}, new Date(5)],
  [{ $toDate: 5 }, {}, 'error 241'],
  [{ $toDate: '$v' }, { v: new ObjectId(id) }, new Date(1710227456000)],
  [{ $toDate: '$v' }, { v: new Timestamp({ t: 5, i: 7 }) }, new Date(5000)],
  [{ $toObjectId: id.toUpperCase() }, {}, new ObjectId(id)],
  [{ $toObjectId: 'x' }, {}, 'error 241'],
]);

rows('JSON', [
  [{ $toObject: '{"a":1,"b":1.0,"a":[2147483648,null]}' }, {}, { a: [2147483648n, null], b: double(1) }],
  [{ $toArray: ' [-0, "\\u00e9", {}]' }, {}, [0, 'é', {}]],
  ...['', '{a:1}', '[1,]', '[01]', '["\\ud800"]', '[1e400]', '1', '{"a":1}'].map((text): Row => [
    { $toArray: text },
    {},
    'error 241',
  ]),
]);

rows('$toHashedIndexKey', [
  [{ $toHashedIndexKey: '$missing' }, {}, long('2338878944348059895')],
  [{ $toHashedIndexKey: double(1.5) }, {}, long('5902408780260971510')],
  [{ $toHashedIndexKey: decimal('1.9') }, {}, long('848411777775835583')],
  [{ $toHashedIndexKey: 'x' }, {}, long('-5169800095944007213')],
  [{ $toHashedIndexKey: { a: 1 } }, {}, long('-8705610352600103477')],
  [{ $toHashedIndexKey: [1, 2] }, {}, long('8312708174902235769')],
]);
