/** Time zones by name ("America/New_York", as Olson's data base has them) or by offset ("+05:30", "-04", "+0530"). */
import { ElmoError } from '../../errors.js';
import { DAY_MS, dayOfCivil, Instant } from './calendar.js';

const ALIASES = (
  'Africa/Asmara Africa/Timbuktu America/Argentina/Buenos_Aires America/Argentina/Catamarca ' +
  'America/Argentina/ComodRivadavia America/Argentina/Cordoba America/Argentina/Jujuy ' +
  'America/Argentina/Mendoza America/Atikokan America/Atka America/Ensenada America/Fort_Wayne ' +
  'America/Indiana/Indianapolis America/Kentucky/Louisville America/Knox_IN America/Montreal ' +
  'America/Nipigon America/Nuuk America/Pangnirtung America/Porto_Acre America/Rainy_River ' +
  'America/Rosario America/Santa_Isabel America/Shiprock America/Thunder_Bay America/Virgin ' +
  'America/Yellowknife Antarctica/South_Pole Asia/Ashkhabad Asia/Choibalsan Asia/Chongqing ' +
  'Asia/Chungking Asia/Dacca Asia/Harbin Asia/Ho_Chi_Minh Asia/Istanbul Asia/Kashgar ' +
  'Asia/Kathmandu Asia/Kolkata Asia/Macao Asia/Tel_Aviv Asia/Thimbu Asia/Ujung_Pandang ' +
  'Asia/Ulan_Bator Asia/Yangon Atlantic/Faroe Atlantic/Jan_Mayen Australia/ACT Australia/Canberra ' +
  'Australia/Currie Australia/LHI Australia/NSW Australia/North Australia/Queensland ' +
  'Australia/South Australia/Tasmania Australia/Victoria Australia/West Australia/Yancowinna ' +
  'Brazil/Acre Brazil/DeNoronha Brazil/East Brazil/West CET CST6CDT Canada/Atlantic Canada/Central ' +
  'Canada/Eastern Canada/Mountain Canada/Newfoundland Canada/Pacific Canada/Saskatchewan ' +
  'Canada/Yukon Chile/Continental Chile/EasterIsland Cuba EET EST EST5EDT Egypt Eire Etc/GMT ' +
  'Etc/GMT+0 Etc/GMT+1 Etc/GMT+10 Etc/GMT+11 Etc/GMT+12 Etc/GMT+2 Etc/GMT+3 Etc/GMT+4 Etc/GMT+5 ' +
  'Etc/GMT+6 Etc/GMT+7 Etc/GMT+8 Etc/GMT+9 Etc/GMT-0 Etc/GMT-1 Etc/GMT-10 Etc/GMT-11 Etc/GMT-12 ' +
  'Etc/GMT-13 Etc/GMT-14 Etc/GMT-2 Etc/GMT-3 Etc/GMT-4 Etc/GMT-5 Etc/GMT-6 Etc/GMT-7 Etc/GMT-8 ' +
  'Etc/GMT-9 Etc/GMT0 Etc/Greenwich Etc/UCT Etc/UTC Etc/Universal Etc/Zulu Europe/Belfast ' +
  'Europe/Kyiv Europe/Nicosia Europe/Tiraspol Europe/Uzhgorod Europe/Zaporozhye GB GB-Eire GMT ' +
  'GMT+0 GMT-0 GMT0 Greenwich HST Hongkong Iceland Iran Israel Jamaica Japan Kwajalein Libya MET ' +
  'MST MST7MDT Mexico/BajaNorte Mexico/BajaSur Mexico/General NZ NZ-CHAT Navajo PRC PST8PDT ' +
  'Pacific/Chuuk Pacific/Johnston Pacific/Kanton Pacific/Pohnpei Pacific/Samoa Pacific/Yap Poland ' +
  'Portugal ROC ROK Singapore Turkey UCT US/Alaska US/Aleutian US/Arizona US/Central ' +
  'US/East-Indiana US/Eastern US/Hawaii US/Indiana-Starke US/Michigan US/Mountain US/Pacific ' +
  'US/Samoa UTC Universal W-SU WET Zulu'
).split(' ');

/** Beyond this the runtime's own calendar does not reach; the rules repeat every 400 years. */
const MOST_MS = 8.6e15;
const CYCLE_DAYS = 146097;
const KEPT_OFFSETS = 4096;

export class TimeZone {
  private readonly formatter: Intl.DateTimeFormat | undefined;
  /** By hour since 1970, times 4: zones change at quarters of hours. */
  private readonly offsets = new Map<number, number>();

  constructor(
    readonly name: string,
    /** Milliseconds east of UTC; undefined for a zone of rules. */
    private readonly fixed: number | undefined,
  ) {
    if (fixed === undefined)
      this.formatter = new Intl.DateTimeFormat('en-US', {
        timeZone: name,
        calendar: 'gregory',
        hourCycle: 'h23',
        era: 'short',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
  }

  /** What is written with a Z at the end. */
  get isUtc(): boolean {
    return this.fixed === 0;
  }

  /** Milliseconds that clocks there are ahead of UTC at an instant. */
  offsetAt(instant: Instant): number {
    if (this.fixed !== undefined) return this.fixed;
    const quarter = instant.day * 96 + Math.floor(instant.ms / 900_000);
    const known = this.offsets.get(quarter);
    if (known !== undefined) return known;
    const offset = this.findOffset(new Instant(instant.day, Math.floor(instant.ms / 900_000) * 900_000));
    if (this.offsets.size >= KEPT_OFFSETS) this.offsets.clear();
    this.offsets.set(quarter, offset);
    return offset;
  }

  private findOffset(instant: Instant): number {
    let { day } = instant;
    const most = Math.floor(MOST_MS / DAY_MS);
    if (Math.abs(day) > most)
      day -= Math.trunc((day - Math.sign(day) * most) / CYCLE_DAYS + Math.sign(day)) * CYCLE_DAYS;
    const ms = new Instant(day, instant.ms).total;
    const parts: Record<string, number> = {};
    let isBeforeChrist = false;
    for (const { type, value } of this.formatter!.formatToParts(ms))
      if (type === 'era') isBeforeChrist = value.startsWith('B');
      else parts[type] = Number(value);
    const year = isBeforeChrist ? 1 - parts['year']! : parts['year']!;
    const local = dayOfCivil(year, parts['month']!, parts['day']!) * DAY_MS;
    const clock = (parts['hour']! * 3600 + parts['minute']! * 60 + parts['second']!) * 1000;
    return local + clock - ms;
  }

  /** What a clock there shows. */
  localOf(instant: Instant): Instant {
    return instant.plus(this.offsetAt(instant));
  }

  /**
   * When a clock there shows that: the later time if it does so twice; if it never does (an hour was skipped), as if it
   * had not been changed.
   */
  instantOf(local: Instant): Instant {
    if (this.fixed !== undefined) return local.plus(-this.fixed);
    const before = this.offsetAt(local.plus(-DAY_MS));
    const after = this.offsetAt(local.plus(DAY_MS));
    const early = local.plus(-before);
    if (before === after) return early;
    const late = local.plus(-after);
    const isEarly = this.offsetAt(early) === before;
    const isLate = this.offsetAt(late) === after;
    if (isEarly && isLate) return before < after ? early : late;
    return isLate ? late : early;
  }
}

export const UTC: TimeZone = new TimeZone('UTC', 0);

const OFFSET = /^([+-])(\d\d):?(\d\d)?$/;
let names: ReadonlySet<string> | undefined;
const zones = new Map<string, TimeZone>([['UTC', UTC]]);
const KEPT_ZONES = 1024;

/** @throws ElmoError 40485 if there is no such zone */
export function timeZoneOf(name: string): TimeZone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const zone = makeZone(name);
  if (zones.size >= KEPT_ZONES) zones.clear();
  zones.set(name, zone);
  return zone;
}

function makeZone(name: string): TimeZone {
  const offset = OFFSET.exec(name);
  if (offset !== null && !(name.length === 4)) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0);
    return new TimeZone(name, minutes === 0 ? 0 : (offset[1] === '-' ? -minutes : minutes) * 60_000);
  }
  if (name === 'Factory') return UTC;
  names ??= new Set([...Intl.supportedValuesOf('timeZone'), ...ALIASES]);
  if (!names.has(name)) throw new ElmoError(40485, `unrecognized time zone identifier: "${name}"`);
  return new TimeZone(name, undefined);
}
