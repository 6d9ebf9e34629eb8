import { Timestamp } from '../../../../elmo/bson/package.js';
import { decimal, double, long, rows } from '../rows.js';

const LEAP = new Date('2024-02-29T13:45:59.123Z');

rows('$dateFromParts', [
  [{ $dateFromParts: { year: '$z', timezone: 'Foo' } }, {}, 'error 40485'],
  [{ $dateFromParts: { year: '$z', month: 'a' } }, {}, null],
  [{ $dateFromParts: { year: '$z', hour: 'a' } }, {}, 'error 40515'],
  [{ $dateFromParts: { hour: null, year: 'a' } }, {}, null],
  [{ $dateFromParts: { hour: 40000, year: 'a' } }, {}, 'error 31034'],
  [{ $dateFromParts: { hour: 40000, year: 2000, month: null } }, {}, 'error 31034'],
  [{ $dateFromParts: { year: 2000, hour: null, timezone: 1 } }, {}, null],
  [{ $dateFromParts: { year: 2000, hour: 40000, timezone: 1 } }, {}, 'error 31034'],
  [{ $dateFromParts: { year: 2000, month: 40000, day: 'a' } }, {}, 'error 31034'],
  [{ $dateFromParts: { year: 2000, month: 40000, day: null } }, {}, 'error 31034'],
  [{ $dateFromParts: { year: 10000, month: 40000 } }, {}, 'error 31034'],
  [{ $dateFromParts: { year: 10000, month: 'a' } }, {}, 'error 40515'],
  [{ $dateFromParts: { year: 2020 } }, {}, new Date('2020-01-01')],
  [
    {
      $dateFromParts: { year: 2020, month: 14, day: -3, hour: 25, minute: 61, second: 61, millisecond: 1001 },
    },
    {},
    new Date('2021-01-29T02:02:02.001Z'),
  ],
  [{ $dateFromParts: { isoWeekYear: 2020, isoWeek: 53, isoDayOfWeek: 7 } }, {}, new Date('2021-01-03')],
  [{ $dateFromParts: { isoWeekYear: 2020, isoWeek: 53, isoDayOfWeek: 7, year: 1 } }, {}, 'error 40489'],
  [{ $dateFromParts: { year: 2020, isoWeek: 1 } }, {}, 'error 40489'],
  [{ $dateFromParts: { isoWeekYear: 2020, month: 1 } }, {}, 'error 40525'],
  [{ $dateFromParts: { month: 1 } }, {}, 'error 40516'],
  [{ $dateFromParts: 1 }, {}, 'error 40519'],
  [{ $dateFromParts: { z: 1 } }, {}, 'error 40518'],
  [{ $dateFromParts: { year: 'a' } }, {}, 'error 40515'],
  [{ $dateFromParts: { year: 2020.5 } }, {}, 'error 40515'],
  [{ $dateFromParts: { year: null } }, {}, null],
  [{ $dateFromParts: { year: 0 } }, {}, 'error 40523'],
  [{ $dateFromParts: { year: 10000 } }, {}, 'error 40523'],
  [{ $dateFromParts: { year: 9999 } }, {}, new Date('9999-01-01')],
  [{ $dateFromParts: { year: 1 } }, {}, new Date('0001-01-01')],
  [{ $dateFromParts: { year: 2020, month: 40000 } }, {}, 'error 31034'],
  [{ $dateFromParts: { year: 2020, month: 32767 } }, {}, new Date('4750-07-01')],
  [{ $dateFromParts: { year: 2020, day: -32768 } }, {}, new Date('1930-04-14')],
  [{ $dateFromParts: { year: 2020, day: -32769 } }, {}, 'error 31034'],
  [
    { $dateFromParts: { year: 2020, millisecond: double(1000000000000) } },
    {},
    new Date('2051-09-09T01:46:40Z'),
  ],
  [{ $dateFromParts: { year: 2020, second: double(1000000000000) } }, {}, new Date(1001577836800000)],
  [
    { $dateFromParts: { year: 2020, month: 6, timezone: 'America/New_York' } },
    {},
    new Date('2020-06-01T04:00Z'),
  ],
  [
    { $dateFromParts: { year: 2020, month: 3, day: 8, hour: 2, minute: 30, timezone: 'America/New_York' } },
    {},
    new Date('2020-03-08T07:30Z'),
  ],
  [
    { $dateFromParts: { year: 2020, month: 11, day: 1, hour: 1, minute: 30, timezone: 'America/New_York' } },
    {},
    new Date('2020-11-01T06:30Z'),
  ],
  [{ $dateFromParts: { year: 2020, timezone: null } }, {}, null],
  [{ $dateFromParts: { year: 2020, timezone: 1 } }, {}, 'error 40517'],
  [{ $dateFromParts: { year: 2020, timezone: 'X' } }, {}, 'error 40485'],
  [{ $dateFromParts: { year: 2020, month: null } }, {}, null],
  [{ $dateFromParts: { year: 2020, month: '$z' } }, {}, null],
  [{ $dateFromParts: { isoWeekYear: 0 } }, {}, 'error 31095'],
  [{ $dateFromParts: { isoWeekYear: 10000 } }, {}, 'error 31095'],
  [{ $dateFromParts: { year: 2020, month: 0 } }, {}, new Date('2019-12-01')],
  [{ $dateFromParts: { year: 2020, hour: long(99999999999999) } }, {}, 'error 31034'],
  [{ $dateFromParts: { year: 2020, isoWeekYear: 2020 } }, {}, 'error 40489'],
  [{ $dateFromParts: { year: -1 } }, {}, 'error 40523'],
  [{ $dateFromParts: { isoWeekYear: 2020 } }, {}, new Date('2019-12-30')],
  [{ $dateFromParts: { isoWeekYear: 2020, isoWeek: 0, isoDayOfWeek: 0 } }, {}, new Date('2019-12-22')],
  [{ $dateFromParts: { year: null, timezone: 'X' } }, {}, 'error 40485'],
  [{ $dateFromParts: { year: 2020, millisecond: decimal('1E-6176') } }, {}, 'error 40515'],
  [{ $dateFromParts: { year: 2020, millisecond: decimal('1.0') } }, {}, new Date('2020-01-01T00:00:00.001Z')],
  [
    { $dateFromParts: { year: 2020, month: 3, day: 8, hour: 3, timezone: 'America/New_York' } },
    {},
    new Date('2020-03-08T07:00Z'),
  ],
  [
    { $dateFromParts: { year: 2020, month: 1, day: 1, hour: 30, timezone: 'America/New_York' } },
    {},
    new Date('2020-01-02T11:00Z'),
  ],
  [{ $dateFromParts: { year: 'a', month: 'b', timezone: 1 } }, {}, 'error 40517'],
  [{ $dateFromParts: { year: 2000, month: 'b', day: null } }, {}, 'error 40515'],
  [{ $dateFromParts: { year: 10000, month: null } }, {}, null],
  [{ $dateFromParts: { year: 2000, second: long('9223372036854775807') } }, {}, 'error 159'],
  [{ $dateFromParts: { year: 2000, millisecond: long('9223372036854775807') } }, {}, 'error 159'],
  [{ $dateFromParts: { year: 2000, minute: 32768 } }, {}, 'error 31034'],
  [{ $dateFromParts: { year: NaN } }, {}, 'error 40515'],
  [{ $dateFromParts: { year: long(99999999999) } }, {}, 'error 40523'],
  [{ $dateFromParts: { year: 2000, month: double(10000000000) } }, {}, 'error 31034'],
  [{ $dateFromParts: { year: 2000, month: Infinity } }, {}, 'error 40515'],
  [{ $dateFromParts: { year: 2000, isoDayOfWeek: 1 } }, {}, 'error 40489'],
]);

rows('$dateToParts', [
  [{ $dateToParts: { date: '$z', timezone: 'Foo' } }, {}, 'error 40485'],
  [{ $dateToParts: { date: '$z', iso8601: 1 } }, {}, 'error 40521'],
  [
    { $dateToParts: { date: LEAP } },
    {},
    { year: 2024, month: 2, day: 29, hour: 13, minute: 45, second: 59, millisecond: 123 },
  ],
  [
    { $dateToParts: { date: LEAP, iso8601: true } },
    {},
    { isoWeekYear: 2024, isoWeek: 9, isoDayOfWeek: 4, hour: 13, minute: 45, second: 59, millisecond: 123 },
  ],
  [
    { $dateToParts: { date: LEAP, timezone: 'Asia/Tokyo' } },
    {},
    { year: 2024, month: 2, day: 29, hour: 22, minute: 45, second: 59, millisecond: 123 },
  ],
  [{ $dateToParts: { date: LEAP, iso8601: 1 } }, {}, 'error 40521'],
  [{ $dateToParts: { date: LEAP, iso8601: null } }, {}, null],
  [{ $dateToParts: { date: null } }, {}, null],
  [{ $dateToParts: { date: 'x' } }, {}, 'error 16006'],
  [{ $dateToParts: 1 }, {}, 'error 40524'],
  [{ $dateToParts: { z: 1 } }, {}, 'error 40520'],
  [{ $dateToParts: { timezone: 'UTC' } }, {}, 'error 40522'],
  [{ $dateToParts: { date: LEAP, timezone: null } }, {}, null],
  [{ $dateToParts: { date: null, timezone: 'Foo' } }, {}, 'error 40485'],
  [{ $dateToParts: { date: null, iso8601: 1 } }, {}, 'error 40521'],
  [{ $dateToParts: { date: LEAP, iso8601: null, timezone: 'Foo' } }, {}, 'error 40485'],
  [{ $dateToParts: { date: 'x', timezone: null } }, {}, null],
  [{ $dateToParts: { date: 'x', iso8601: 1 } }, {}, 'error 40521'],
]);

rows('$dayOfWeek', [[{ $dayOfWeek: LEAP }, {}, 5]]);

rows('$dayOfYear', [[{ $dayOfYear: LEAP }, {}, 60]]);

rows('$hour', [
  [{ $hour: { date: '$z', timezone: 'Foo' } }, {}, 'error 40485'],
  [{ $hour: { date: '$z', timezone: 1 } }, {}, 'error 40517'],
  [{ $hour: { date: LEAP, timezone: 'America/New_York' } }, {}, 8],
  [{ $hour: {} }, {}, 'error 40539'],
  [{ $hour: 1 }, {}, 'error 16006'],
  [{ $hour: long(5) }, {}, 'error 16006'],
  [{ $hour: { date: 1 } }, {}, 'error 16006'],
  [{ $hour: { $literal: { a: 1 } } }, {}, 'error 16006'],
  [{ $hour: '$$ROOT' }, {}, 'error 16006'],
  [{ $hour: { date: null, timezone: 'Foo' } }, {}, null],
  [{ $hour: { date: 'x', timezone: null } }, {}, 'error 16006'],
  [{ $hour: { date: null, timezone: 1 } }, {}, null],
  [{ $hour: { date: new Date('2024-01-01'), timezone: '+1:00' } }, {}, 'error 40485'],
  [{ $hour: { date: new Date('2024-01-01'), timezone: '+01:0' } }, {}, 'error 40485'],
  [{ $hour: { date: new Date('2024-01-01'), timezone: '+0100 ' } }, {}, 'error 40485'],
  [{ $hour: { date: new Date('2024-01-01'), timezone: 'Zulu' } }, {}, 0],
  [{ $hour: { date: new Date('2024-01-01'), timezone: 'Etc/UTC' } }, {}, 0],
  [{ $hour: { date: new Date('2024-01-01'), timezone: '-0000' } }, {}, 0],
  [{ $hour: { date: new Date('2024-01-01'), timezone: 'Factory' } }, {}, 0],
  [{ $hour: { date: new Date('2024-01-01'), timezone: 'MST' } }, {}, 17],
  [{ $hour: { date: new Date('2024-01-01'), timezone: 'GB' } }, {}, 0],
  [{ $hour: { date: new Date('2024-01-01'), timezone: '+01:' } }, {}, 'error 40485'],
]);

rows('$isoDayOfWeek', [[{ $isoDayOfWeek: LEAP }, {}, 4]]);

rows('$isoWeek', [[{ $isoWeek: LEAP }, {}, 9]]);

rows('$isoWeekYear', [
  [{ $isoWeekYear: LEAP }, {}, long(2024)],
  [{ $isoWeekYear: new Date('2021-01-01') }, {}, long(2020)],
]);

rows('$millisecond', [
  [{ $millisecond: LEAP }, {}, 123],
  [{ $millisecond: new Date('1969-12-31T23:59:59.999Z') }, {}, 999],
]);

rows('$second', [[{ $second: new Date('1969-12-31T23:59:59.999Z') }, {}, 59]]);

rows('$tsIncrement', [
  [{ $tsIncrement: new Timestamp({ t: 5, i: 6 }) }, {}, long(6)],
  [{ $tsIncrement: 'a' }, {}, 'error 5687302'],
]);

rows('$tsSecond', [
  [{ $tsSecond: new Timestamp({ t: 5, i: 6 }) }, {}, long(5)],
  [{ $tsSecond: null }, {}, null],
  [{ $tsSecond: 1 }, {}, 'error 5687301'],
  [{ $tsSecond: [] }, {}, 'error 16020'],
]);

rows('$week', [
  [{ $week: LEAP }, {}, 8],
  [{ $week: new Date('2023-01-01') }, {}, 1],
]);

rows('$year', [
  [{ $year: LEAP }, {}, 2024],
  [{ $year: null }, {}, null],
  [{ $year: 'a' }, {}, 'error 16006'],
  [{ $year: { date: LEAP, timezone: 'Asia/Tokyo' } }, {}, 2024],
  [{ $year: [LEAP] }, {}, 2024],
  [{ $year: [LEAP, LEAP] }, {}, 'error 40536'],
  [{ $year: { date: LEAP, timezone: null } }, {}, null],
  [{ $year: { timezone: 'UTC' } }, {}, 'error 40539'],
  [{ $year: { date: LEAP, z: 1 } }, {}, 'error 40535'],
  [{ $year: [] }, {}, 'error 40536'],
  [{ $year: { date: LEAP, timezone: 1 } }, {}, 'error 40517'],
  [{ $year: new Date(8640000000000000) }, {}, 275760],
  [{ $year: new Date(-8640000000000000) }, {}, -271821],
]);
